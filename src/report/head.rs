//! The line above what is told for people: which host it is about.

use super::evidence::shortened;
use super::model::Report;
use super::style::{Style, clean};

/// By whose rights a host is judged whose files hold no process.
pub(super) const BY_ROOT: &str =
    "no process is judged here: what loads is taken to be started as root, with all capabilities";

/// By what software is judged whose kernel runs nowhere.
pub(super) const BY_THE_KERNEL: &str = "nothing runs here: software is judged by the kernel, and \
    what only the host that will run it can tell is left to that host";

/// Which host this is about, and as whom it was looked at.
pub(super) fn host_line(report: &Report, style: Style) -> String {
    let host = &report.host;
    let known = |text: &Option<String>| text.as_deref().map(|text| shortened(&clean(text)));
    let kernel = [known(&host.kernel.release), known(&host.arch)];
    let kernel: Vec<String> = kernel.into_iter().flatten().collect();
    let user = match host.environment.euid {
        // Of nothing but the namespace.
        Some(0) if report.facts.text("privilege.user-namespace").as_deref() == Some("other") => {
            Some("as root of a user namespace of its own".to_owned())
        }
        Some(0) => Some("as root".to_owned()),
        uid => uid.map(|uid| format!("as user {uid}")),
    };
    let surroundings = [
        &host.environment.container,
        &host.environment.virtualization,
    ];
    let surroundings = surroundings.map(|name| {
        let name = known(name).filter(|name| name != "none")?;
        Some(if name == "other" {
            "virtualized".to_owned()
        } else {
            name
        })
    });
    let parts = [
        known(&host.hostname).map(|name| style.bold(&name)),
        known(&host.os.name),
        (!kernel.is_empty()).then(|| format!("Linux {}", kernel.join(" "))),
        user,
    ];
    let parts: Vec<String> = parts.into_iter().chain(surroundings).flatten().collect();
    parts.join(" · ")
}
