//! Compiles the schemas with protox, so that no protoc is needed on the machine that builds.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=schema");
    let descriptors = protox::compile(["copmesh.proto", "sapient.proto", "tak.proto"], ["schema"])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}
