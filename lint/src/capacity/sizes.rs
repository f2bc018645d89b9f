//! `memlint capacity sizes`: which VM sizes hold a request.
use memlint_capacity::sizing::{
    Bytes, Candidate, Cloud, Demand, Machine, Measured, Millicores, Provider, Settings, WarningKind, all_sizes,
    explain, sizes_that_hold,
};
use serde_json::{Value, json};

use super::args::SizesArgs;
use super::machine::{self, Versions};
use super::table::{Align, aligned};
use crate::choices::Format;

pub(super) fn run(args: &SizesArgs) -> Result<String, String> {
    let provider = machine::provider(&args.provider)?;
    let cloud = cloud(provider, args.cloud.as_deref())?;
    let mut settings = machine::settings(provider, &args.kubelet)?;
    settings.kubernetes = match machine::versions(args.kubelet.kubernetes.as_deref())? {
        Versions::One(version) => version,
        Versions::Range(..) => return Err("capacity sizes takes one version; capacity node compares two".to_owned()),
    };
    let demand = Demand {
        memory: args.memory.as_deref().map_or(Ok(0), |text| machine::amount("--memory", text))?,
        cpu: args.cpu.as_deref().map(|text| machine::millicores("--cpu", text)).transpose()?,
    };
    let found = sizes_that_hold(&settings, cloud, demand);
    let limit = if args.limit == 0 { found.len() } else { args.limit };
    let shown: Vec<&Candidate> = found.iter().take(limit).collect();
    Ok(match args.format {
        Format::Text => text(&shown, found.len(), cloud, &settings, &wanted(args)),
        _ => json(&shown, found.len(), demand),
    })
}

fn cloud(provider: Provider, name: Option<&str>) -> Result<Cloud, String> {
    let named = name.and_then(|name| match name {
        "aws" => Some(Cloud::Aws),
        "azure" => Some(Cloud::Azure),
        "gcp" => Some(Cloud::Gcp),
        _ => None,
    });
    match (provider.cloud(), named) {
        (Some(own), Some(named)) if own != named => Err(format!("{provider} runs on {own} only; leave --cloud out")),
        (Some(cloud), _) | (None, Some(cloud)) => Ok(cloud),
        (None, None) => Err(format!("{provider} runs on any cloud; say whose sizes with --cloud aws, azure or gcp")),
    }
}

/// What is asked for, as it was typed.
fn wanted(args: &SizesArgs) -> String {
    let memory = args.memory.as_ref().map(|memory| format!("{memory} of memory"));
    let cpu = args.cpu.as_ref().map(|cpu| format!("{cpu} CPU"));
    memory.into_iter().chain(cpu).collect::<Vec<_>>().join(" and ")
}

fn text(shown: &[&Candidate], total: usize, cloud: Cloud, settings: &Settings, wanted: &str) -> String {
    if shown.is_empty() {
        let largest = all_sizes(cloud).max_by_key(|size| size.memory);
        let largest = largest.map_or_else(String::new, |size| format!("; {} has {}", size.name, Bytes(size.memory)));
        return format!("no size of {cloud} leaves {wanted} to Pods{largest}\n");
    }
    let head = ["SIZE", "VCPU", "MEMORY", "ARCH", "ALLOCATABLE", "CPU", "PODS", ""];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for candidate in shown {
        let (size, left) = (&candidate.size, candidate.allocatable);
        let close = if candidate.safely { "" } else { "close: the estimate may be too high" };
        rows.push(vec![
            size.name.clone(),
            size.vcpus.to_string(),
            Bytes(size.memory).to_string(),
            arch(candidate).to_owned(),
            format!("~{}Mi", left.memory >> 20),
            Millicores(left.cpu).to_string(),
            left.pods.to_string(),
            close.to_owned(),
        ]);
    }
    use Align::{Left, Right};
    let table = aligned(&rows, &[Left, Right, Right, Left, Right, Right, Right, Left]);
    let version = settings.kubernetes.map_or_else(String::new, |version| format!(" {version}"));
    let provider = settings.platform.provider();
    let assumed = assumptions(shown, settings);
    format!(
        "{table}{assumed}\n{} of {total} sizes whose nodes leave {wanted} to Pods on {provider}{version}, the smallest first; add what DaemonSets request\n",
        shown.len()
    )
}

/// What the listed numbers rest on for want of an option.
fn assumptions(shown: &[&Candidate], settings: &Settings) -> String {
    use WarningKind::{MaxPodsAssumed, SettingAssumed, VersionAssumed};
    let Some(first) = shown.first() else { return String::new() };
    let explanation = explain(settings, &Machine::from(first.size.clone()), &Measured::default());
    let said = explanation.warnings.iter();
    let said = said.filter(|warning| matches!(warning.kind, MaxPodsAssumed | SettingAssumed | VersionAssumed));
    let lines: String = said.map(|warning| format!("- {}\n", warning.text)).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn arch(candidate: &Candidate) -> &'static str {
    match candidate.size.arch {
        memlint_capacity::sizing::Arch::Amd64 => "amd64",
        memlint_capacity::sizing::Arch::Arm64 => "arm64",
    }
}

fn json(shown: &[&Candidate], total: usize, demand: Demand) -> String {
    let size = |candidate: &&Candidate| {
        let (size, left) = (&candidate.size, candidate.allocatable);
        json!({
            "name": size.name, "vcpus": size.vcpus, "memory": Bytes(size.memory).to_string(), "arch": arch(candidate),
            "allocatable": {
                "cpu": Millicores(left.cpu).to_string(), "memory": Bytes(left.memory).to_string(),
                "pods": left.pods.to_string(),
            },
            "estimate": true, "safely": candidate.safely,
        })
    };
    let sizes: Vec<Value> = shown.iter().map(size).collect();
    let demand = json!({
        "memory": Bytes(demand.memory).to_string(), "cpu": demand.cpu.map(|cpu| Millicores(cpu).to_string()),
    });
    format!("{:#}\n", json!({"version": 1, "demand": demand, "total": total, "sizes": sizes}))
}
