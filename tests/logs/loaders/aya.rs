//! Loads and attaches the programs of the objects it is given through aya, and says what failed
//! the way programs built on anyhow do.
use anyhow::Context as _;
use aya::programs::{CgroupSkb, CgroupSkbAttachType, FEntry, KProbe, Lsm, Program, TracePoint, Xdp, XdpFlags};
use aya::{Btf, Ebpf};

fn run(file: &str) -> anyhow::Result<()> {
    let mut ebpf = Ebpf::load_file(file)?;
    for (name, program) in ebpf.programs_mut() {
        let name = name.to_owned();
        match program {
            Program::Xdp(xdp) => {
                xdp.load()?;
                xdp.attach("lo", XdpFlags::default())
                    .context("failed to attach the XDP program with default flags - try changing XdpFlags::default() to XdpFlags::SKB_MODE")?;
            }
            Program::KProbe(probe) => {
                probe.load()?;
                probe.attach(&std::env::var("TARGET").unwrap_or("do_unlinkat".into()), 0)?;
            }
            Program::TracePoint(point) => {
                point.load()?;
                point.attach("syscalls", &std::env::var("TARGET").unwrap_or("sys_enter_openat".into()))?;
            }
            Program::FEntry(entry) => {
                let btf = Btf::from_sys_fs().context("BTF from sysfs")?;
                entry.load(&std::env::var("TARGET").unwrap_or("do_unlinkat".into()), &btf)?;
                entry.attach()?;
            }
            Program::Lsm(hook) => {
                let btf = Btf::from_sys_fs().context("BTF from sysfs")?;
                hook.load("file_open", &btf)?;
                hook.attach()?;
            }
            Program::CgroupSkb(skb) => {
                let group = std::fs::File::open(std::env::var("CGROUP").unwrap_or("/sys/fs/cgroup".into()))?;
                skb.load()?;
                skb.attach(group, CgroupSkbAttachType::Egress, Default::default())?;
            }
            Program::SocketFilter(filter) => filter.load()?,
            Program::SchedClassifier(classifier) => classifier.load()?,
            _ => anyhow::bail!("program {name}: not supported by this loader"),
        }
    }
    println!("{file}: attached");
    Ok(())
}

fn main() -> anyhow::Result<()> {
    env_logger::init();
    std::env::args().skip(1).try_for_each(|file| run(&file))
}
