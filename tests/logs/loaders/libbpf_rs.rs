//! Loads and attaches the programs of the objects it is given through libbpf-rs.
use libbpf_rs::ObjectBuilder;

fn run(file: &str) -> anyhow::Result<()> {
    let object = ObjectBuilder::default().open_file(file)?.load()?;
    for program in object.progs_mut() {
        let _link = program.attach()?;
    }
    println!("{file}: attached");
    Ok(())
}

fn main() -> anyhow::Result<()> {
    std::env::args().skip(1).try_for_each(|file| run(&file))
}
