//! The subcommands, run as their users run them: each module is one of them or a part of it.

mod capacity;
mod fit;
mod oom;
mod oom_cluster;
mod oom_events;
mod oom_limits;
mod oom_speed;
