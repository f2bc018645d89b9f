//! Running the `memlint` command as a user would, with an environment that is the same everywhere.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The command under test. It is a macro because cargo tells only the tests themselves where the binary is.
#[macro_export]
macro_rules! memlint {
    ($($arg:expr),* $(,)?) => {
        $crate::command::Memlint::new(env!("CARGO_BIN_EXE_memlint-cli"))$(.arg($arg))*
    };
}

/// One run of the command, being put together.
#[derive(Debug)]
pub struct Memlint {
    command: Command,
    stdin: Vec<u8>,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Memlint {
    /// A run of the binary at a path, without anything of this process' environment.
    #[must_use]
    pub fn new(binary: &str) -> Self {
        let mut command = Command::new(binary);
        command.env_clear();
        #[cfg(unix)]
        std::os::unix::process::CommandExt::arg0(&mut command, "memlint");
        Self { command, stdin: Vec::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn within(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets what stands on standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When the binary cannot be run, or prints what is no UTF-8.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the binary runs");
        let mut pipe = child.stdin.take().expect("standard input is piped");
        let stdin = std::mem::take(&mut self.stdin);
        // It may end without reading all of it.
        let writer = std::thread::spawn(move || _ = pipe.write_all(&stdin));
        let Output { status, stdout, stderr } = child.wait_with_output().expect("the binary ends");
        writer.join().expect("the writer ends");
        Outcome {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).expect("UTF-8 on standard output"),
            stderr: String::from_utf8(stderr).expect("UTF-8 on standard error"),
        }
    }

    /// The command itself, for what the other functions cannot do.
    #[must_use]
    pub fn into_inner(self) -> Command {
        self.command
    }
}

impl Outcome {
    /// Asserts the exit code, and shows everything if it is another.
    ///
    /// # Panics
    /// When it is another.
    #[must_use]
    pub fn exits(self, code: i32) -> Self {
        let Self { code: found, stdout, stderr } = &self;
        assert_eq!(*found, code, "exit code\n--- standard output\n{stdout}\n--- standard error\n{stderr}");
        self
    }

    /// Asserts that every text is in standard output.
    ///
    /// # Panics
    /// When one is not.
    #[must_use]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stdout.contains(text), "{text:?} is not in\n{}\n{}", self.stdout, self.stderr);
        }
        self
    }

    /// Asserts that every text is in standard error.
    ///
    /// # Panics
    /// When one is not.
    #[must_use]
    pub fn complains(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} is not in standard error:\n{}\n{}", self.stderr, self.stdout);
        }
        self
    }

    /// The last line of standard output: the summary.
    #[must_use]
    pub fn summary(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }
}
