//! Kleene's three-valued logic.

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tri {
    Yes,
    No,
    Unknown,
}

impl Tri {
    pub(super) fn is_known(self) -> bool {
        self != Self::Unknown
    }

    /// `all`: a single no decides, then a single unknown.
    pub(super) fn all(answers: impl Iterator<Item = Self>) -> Self {
        answers.fold(Self::Yes, |all, one| match (all, one) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::Yes,
        })
    }

    /// `any`: a single yes decides, then a single unknown.
    pub(super) fn any(answers: impl Iterator<Item = Self>) -> Self {
        !Self::all(answers.map(|answer| !answer))
    }
}

impl std::ops::Not for Tri {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Tri {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::Tri::{self, No, Unknown, Yes};

    #[test]
    fn truth_tables() {
        let rows = [
            (Yes, Yes, Yes, Yes),
            (Yes, No, No, Yes),
            (Yes, Unknown, Unknown, Yes),
            (No, No, No, No),
            (No, Unknown, No, Unknown),
            (Unknown, Unknown, Unknown, Unknown),
        ];
        for (left, right, all, any) in rows {
            for pair in [[left, right], [right, left]] {
                assert_eq!(Tri::all(pair.into_iter()), all, "all of {pair:?}");
                assert_eq!(Tri::any(pair.into_iter()), any, "any of {pair:?}");
            }
        }
        assert_eq!(!Unknown, Unknown);
    }
}
