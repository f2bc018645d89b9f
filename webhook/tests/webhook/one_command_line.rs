//! What is set for a review is taken or refused alike by the webhook, `memlint review` and `memlint audit`.

use clap::Parser as _;
use memlint::cli::{Cli, Command};
use memlint_review::Options;
use memlint_webhook::args::Args;

/// What each of the three makes of these options; `None` where it refuses them.
fn readings(line: &str) -> [Option<Options>; 3] {
    let words =
        |head: &str| -> Vec<String> { format!("{head} {line}").split_whitespace().map(str::to_owned).collect() };
    let webhook = Args::try_parse_from(words("memlint-webhook --self-signed certs")).ok();
    let of = |head: &str| match Cli::try_parse_from(words(head)).ok()?.command? {
        Command::Review(args) => Some(args.options.options()),
        Command::Audit(args) => Some(args.options.options()),
        _ => None,
    };
    [webhook.map(|args| args.review.options()), of("memlint review review.json"), of("memlint audit")]
}

#[test]
fn options_mean_the_same_everywhere() {
    for (line, taken) in [
        ("", true),
        ("--enforcement warn --enforcement-for team-*=deny", true),
        ("--workloads off --on-decode-error deny --on-timeout deny", true),
        ("--nodes growing", true),
        ("--exclude-namespaces infra-*,shop --own-namespace memlint", true),
        ("--exclude-namespaces Shop!!", false),
        ("--exclude-namespaces a,", false),
        ("--enforcement-for Team=deny", false),
        ("--enforcement-for team=maybe", false),
        ("--enforcement never", false),
        ("--on-timeout maybe", false),
        ("--nodes some", false),
    ] {
        let [webhook, review, audit] = readings(line);
        assert_eq!(webhook.is_some(), taken, "{line}");
        assert_eq!(webhook, review, "{line}");
        assert_eq!(webhook, audit, "{line}");
    }
}
