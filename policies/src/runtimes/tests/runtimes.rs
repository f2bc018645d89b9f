//! Go, Node.js, .NET and PHP.

use super::{check, check_args, check_variable, found};

#[test]
fn go() {
    check_variable(
        "GOMEMLIMIT",
        &[
            ("1GiB", "Go 1024 MiB GOMEMLIMIT=1GiB soft"),
            ("900MiB", "Go 900 MiB GOMEMLIMIT=900MiB soft"),
            ("1024KiB", "Go 1 MiB GOMEMLIMIT=1024KiB soft"),
            ("1073741824", "Go 1024 MiB GOMEMLIMIT=1073741824 soft"),
            ("1073741824B", "Go 1024 MiB GOMEMLIMIT=1073741824B soft"),
            ("1TiB", "Go 1048576 MiB GOMEMLIMIT=1TiB soft"),
            ("off", ""),
            ("", ""),
            ("OFF", "Go refused GOMEMLIMIT=OFF soft"),
            ("1Gi", "Go refused GOMEMLIMIT=1Gi soft"),
            ("1GB", "Go refused GOMEMLIMIT=1GB soft"),
            ("512M", "Go refused GOMEMLIMIT=512M soft"),
            ("500m", "Go refused GOMEMLIMIT=500m soft"),
            ("1 GiB", "Go refused GOMEMLIMIT=1 GiB soft"),
            ("1.5GiB", "Go refused GOMEMLIMIT=1.5GiB soft"),
            ("1gib", "Go refused GOMEMLIMIT=1gib soft"),
            ("-1", "Go refused GOMEMLIMIT=-1 soft"),
            ("B", "Go refused GOMEMLIMIT=B soft"),
            ("9223372036854775808", "Go refused GOMEMLIMIT=9223372036854775808 soft"),
            ("8589934592GiB", "Go refused GOMEMLIMIT=8589934592GiB soft"),
            ("$(NOWHERE)", ""),
        ],
    );
    assert_eq!(found(&super::variable("GOMEMLIMIT", "1Gi"))[0].note.as_deref(), Some("Kubernetes' 1Gi is Go's 1GiB"));
}

#[test]
fn go_from_the_limit_itself_and_from_a_ratio() {
    let source = |resource: &str, more: &str| {
        format!(
            r#""env": [{{"name": "GOMEMLIMIT", "valueFrom": {{"resourceFieldRef": {{"resource": "{resource}"{more}}}}}}}]"#
        )
    };
    check(&[
        (&source("limits.memory", ""), "Go 1000 MiB GOMEMLIMIT=1048576000 soft"),
        (&source("requests.memory", ""), "Go 500 MiB GOMEMLIMIT=524288000 soft"),
        (&source("limits.memory", r#", "divisor": "1Mi""#), "Go 1000 GOMEMLIMIT=1000 soft"),
        (&source("limits.memory", r#", "divisor": "1Gi""#), "Go 1 GOMEMLIMIT=1 soft"),
        (&source("limits.memory", r#", "divisor": "0""#), "Go 1000 MiB GOMEMLIMIT=1048576000 soft"),
        (&source("limits.memory", r#", "divisor": "-1""#), ""),
        (&source("limits.memory", r#", "divisor": "nonsense""#), ""),
        (&source("limits.memory", r#", "containerName": "app""#), "Go 1000 MiB GOMEMLIMIT=1048576000 soft"),
        (&source("limits.memory", r#", "containerName": "other""#), ""),
        (&source("limits.cpu", ""), ""),
    ]);
    check(&[
        (r#""env": [{"name": "AUTOMEMLIMIT", "value": "0.9"}]"#, "Go 900 MiB AUTOMEMLIMIT=0.9 share soft convention"),
        (r#""env": [{"name": "AUTOMEMLIMIT", "value": "1.0"}]"#, "Go 1000 MiB AUTOMEMLIMIT=1.0 share soft convention"),
        (r#""env": [{"name": "AUTOMEMLIMIT", "value": "off"}]"#, ""),
        (
            r#""env": [{"name": "AUTOMEMLIMIT", "value": "0.9"}, {"name": "GOMEMLIMIT", "value": "1GiB"}]"#,
            "Go 1024 MiB GOMEMLIMIT=1GiB soft",
        ),
        (
            r#""env": [{"name": "AUTOMEMLIMIT", "value": "0.9"}], "envFrom": [{"secretRef": {"name": "s"}}]"#,
            "Go 900 MiB AUTOMEMLIMIT=0.9 share soft convention unless GOMEMLIMIT",
        ),
    ]);
}

#[test]
fn node_command_line() {
    check_args(
        r#""command": ["node"], "#,
        &[
            ("--max-old-space-size=4096 x.js", "Node.js 4096 MiB --max-old-space-size=4096"),
            ("--max_old_space_size=4096 x.js", "Node.js 4096 MiB --max_old_space_size=4096"),
            ("-max-old-space-size=700 x.js", "Node.js 700 MiB -max-old-space-size=700"),
            ("--max-old-space-size 4096 x.js", "Node.js refused --max-old-space-size 4096"),
            ("--max-old-space-size=4g x.js", "Node.js refused --max-old-space-size=4g"),
            ("--max-old-space-size=0 x.js", ""),
            ("--max-old-space-size= x.js", ""),
            ("x.js --max-old-space-size=4096", ""),
            ("-r dotenv/config --max-old-space-size=512 x.js", "Node.js 512 MiB --max-old-space-size=512"),
            ("--max-old-space-size=1 --max_old_space_size=2 x.js", "Node.js 2 MiB --max_old_space_size=2"),
            (
                "--max-old-space-size=800 --max-semi-space-size=64 x.js",
                "Node.js 800 MiB --max-old-space-size=800 + 192 MiB",
            ),
            ("--max-old-space-size-percentage=80 x.js", "Node.js 800 MiB --max-old-space-size-percentage=80 share"),
            (
                "--max-old-space-size=900 --max-old-space-size-percentage=50 x.js",
                "Node.js 500 MiB --max-old-space-size-percentage=50 share",
            ),
            ("--max-old-space-size-percentage=120 x.js", ""),
            (
                "--max-old-space-size=99999999999999999999 x",
                "Node.js 18446744073709551615 --max-old-space-size=99999999999999999999",
            ),
        ],
    );
    check_args("", &[("--max-old-space-size=900 x.js", "Node.js 900 MiB --max-old-space-size=900 convention")]);
}

#[test]
fn node_options() {
    check_variable(
        "NODE_OPTIONS",
        &[
            ("--max-old-space-size=900", "Node.js 900 MiB --max-old-space-size=900"),
            ("\"--max-old-space-size=900\"", "Node.js 900 MiB --max-old-space-size=900"),
            ("'--max-old-space-size=900'", ""),
            ("--require \"./a b.js\" --max-old-space-size=900", "Node.js 900 MiB --max-old-space-size=900"),
            ("--max-old-space-size 900", "Node.js refused --max-old-space-size 900"),
        ],
    );
    check(&[
        (
            r#""env": [{"name": "NODE_OPTIONS", "value": "--max-old-space-size=1"}], "command": ["node", "--max_old_space_size=2", "x"]"#,
            "Node.js 2 MiB --max_old_space_size=2",
        ),
        (
            r#""env": [{"name": "NODE_OPTIONS", "value": "--max-old-space-size=1"}], "command": ["npm", "start"]"#,
            "Node.js 1 MiB --max-old-space-size=1",
        ),
        (
            r#""env": [{"name": "NODE_OPTIONS", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}], "command": ["node", "--max_old_space_size=2", "x"]"#,
            "",
        ),
        (r#""env": [{"name": "NODE_OPTIONS", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]"#, ""),
    ]);
}

#[test]
fn dotnet_reads_hexadecimal() {
    check(&[
        (
            r#""env": [{"name": "DOTNET_GCHeapHardLimit", "value": "20000000"}]"#,
            ".NET 512 MiB DOTNET_GCHeapHardLimit=20000000",
        ),
        (
            r#""env": [{"name": "DOTNET_GCHeapHardLimit", "value": "0x20000000"}]"#,
            ".NET 512 MiB DOTNET_GCHeapHardLimit=0x20000000",
        ),
        (
            r#""env": [{"name": "DOTNET_GCHeapHardLimit", "value": "536870912"}]"#,
            ".NET 22389655826 DOTNET_GCHeapHardLimit=536870912",
        ),
        (
            r#""env": [{"name": "COMPlus_GCHeapHardLimit", "value": "C800000"}]"#,
            ".NET 200 MiB COMPlus_GCHeapHardLimit=C800000",
        ),
        (
            r#""env": [{"name": "COMPlus_GCHeapHardLimit", "value": "C800000"}, {"name": "DOTNET_GCHeapHardLimit", "value": "6400000"}]"#,
            ".NET 100 MiB DOTNET_GCHeapHardLimit=6400000",
        ),
        (
            r#""env": [{"name": "COMPlus_GCHeapHardLimit", "value": "C800000"}], "envFrom": [{"secretRef": {"name": "s"}}]"#,
            ".NET 200 MiB COMPlus_GCHeapHardLimit=C800000 unless DOTNET_GCHeapHardLimit",
        ),
        (
            r#""env": [{"name": "COMPlus_GCHeapHardLimit", "value": "C800000"}, {"name": "DOTNET_GCHeapHardLimit", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]"#,
            "",
        ),
        (
            r#""env": [{"name": "DOTNET_GCHeapHardLimit", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}]"#,
            ".NET 69933162496 DOTNET_GCHeapHardLimit=1048576000",
        ),
        (r#""env": [{"name": "DOTNET_GCHeapHardLimit", "value": "512Mi"}]"#, ""),
        (r#""env": [{"name": "DOTNET_GCHeapHardLimit", "value": "0"}]"#, ""),
        (
            r#""env": [{"name": "DOTNET_GCHeapHardLimitPercent", "value": "4B"}]"#,
            ".NET 750 MiB DOTNET_GCHeapHardLimitPercent=4B share",
        ),
        (
            r#""env": [{"name": "DOTNET_GCHeapHardLimitPercent", "value": "50"}]"#,
            ".NET 800 MiB DOTNET_GCHeapHardLimitPercent=50 share",
        ),
        (
            r#""env": [{"name": "DOTNET_GCHeapHardLimitPercent", "value": "75"}]"#,
            ".NET refused DOTNET_GCHeapHardLimitPercent=75 share",
        ),
        (
            r#""env": [{"name": "DOTNET_GCHeapHardLimitPercent", "value": "50"}, {"name": "DOTNET_GCHeapHardLimit", "value": "6400000"}]"#,
            ".NET 100 MiB DOTNET_GCHeapHardLimit=6400000",
        ),
        (
            r#""env": [{"name": "DOTNET_GCHeapHardLimitSOH", "value": "100"}, {"name": "DOTNET_GCHeapHardLimit", "value": "6400000"}]"#,
            "",
        ),
    ]);
    let told = |name: &str, value: &str| {
        let setting = found(&super::variable(name, value)).remove(0);
        setting.invalid.or(setting.note)
    };
    assert_eq!(
        told("DOTNET_GCHeapHardLimit", "536870912").as_deref(),
        Some(".NET reads it as hexadecimal, 0x536870912")
    );
    assert_eq!(told("DOTNET_GCHeapHardLimit", "0x536870912"), None);
    assert_eq!(
        told("DOTNET_GCHeapHardLimitPercent", "75").as_deref(),
        Some(".NET ignores it: 75, read as hexadecimal, is 117 per cent")
    );
    assert_eq!(
        told("DOTNET_GCHeapHardLimitPercent", "50").as_deref(),
        Some(".NET reads it as hexadecimal: 80 per cent")
    );
}

#[test]
fn php() {
    check(&[
        (r#""command": ["php", "-d", "memory_limit=512M", "x.php"]"#, "PHP 512 MiB memory_limit=512M"),
        (r#""command": ["php", "-dmemory_limit=1G", "x.php"]"#, "PHP 1024 MiB -dmemory_limit=1G"),
        (r#""command": ["php", "-d", "memory_limit=-1", "x.php"]"#, ""),
        (r#""command": ["php", "x.php", "-d", "memory_limit=1G"]"#, ""),
        (
            r#""env": [{"name": "PHP_MEMORY_LIMIT", "value": "256M"}, {"name": "PHP_FPM_MAX_CHILDREN", "value": "10"}]"#,
            "PHP 2560 MiB PHP_MEMORY_LIMIT=256M convention",
        ),
        (r#""env": [{"name": "PHP_MEMORY_LIMIT", "value": "256M"}]"#, ""),
        (
            r#""env": [{"name": "PHP_MEMORY_LIMIT", "value": "256M"}, {"name": "PM_MAX_CHILDREN", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]"#,
            "",
        ),
    ]);
}
