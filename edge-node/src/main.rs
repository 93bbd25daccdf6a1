//! The copmesh daemon and command-line tool: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    edge_node::cli::main()
}
