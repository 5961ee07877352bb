//! The three files of the table.

use crate::cell::payload;
use crate::faults::Spoiled;
use crate::table::Table;

/// Every rule the three files must keep, without booting anything.
#[test]
fn the_table_is_well_formed() {
    let table = Table::load().unwrap();
    assert!(table.cells.len() >= 40, "only {} cells", table.cells.len());
}

/// Two cells of one boot must not kill at the same moment: all of a run is to be met.
#[test]
fn kills_are_spread_over_a_run_and_over_who_dies() {
    let table = Table::load().unwrap();
    let moments: Vec<String> = table
        .cells
        .iter()
        .map(|cell| {
            payload(&table, cell, &Spoiled::default(), "x")
                .unwrap()
                .1
                .kills
        })
        .collect();
    assert!(moments.iter().all(|moment| !moment.is_empty()));
    let session = moments
        .iter()
        .filter(|moment| moment.ends_with('s'))
        .count();
    assert!(session * 3 > moments.len() && session * 3 < moments.len() * 2);
    let numbers: Vec<u32> = moments
        .iter()
        .flat_map(|moment| moment.split(' '))
        .map(|word| word.trim_end_matches('s').parse().unwrap())
        .collect();
    for part in 0..4 {
        let from = 20 + part * 235;
        let met = numbers.iter().filter(|n| (from..from + 235).contains(*n));
        assert!(met.count() > 20, "few kills from {from} thousandths on");
    }
}
