//! The three files of the table.

use crate::table::Table;

/// Every rule the three files must keep, without booting anything.
#[test]
fn the_table_is_well_formed() {
    let table = Table::load().unwrap();
    assert!(table.cells.len() >= 40, "only {} cells", table.cells.len());
}
