//! Builds the web console with npm and writes the table of its files, to be embedded.
//!
//! The sources are copied to the build folder first, so that nothing is written among them. Without node or npm, or
//! when npm cannot reach its registry, the daemon is built without the page, and says so here and at `/`.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

const SOURCES: [&str; 6] = ["package.json", "package-lock.json", ".npmrc", "tsconfig.json", "build.mjs", "src"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for source in SOURCES {
        println!("cargo:rerun-if-changed=console/{source}");
    }
    let wanted = std::env::var_os("CARGO_FEATURE_CONSOLE").is_some();
    let page = if wanted { build_console(&out) } else { Ok(Vec::new()) };
    let files = page.unwrap_or_else(|why| {
        println!("cargo:warning=building without the web console: {why}");
        Vec::new()
    });
    let packed = out.join("packed");
    fs::create_dir_all(&packed)?;
    fs::write(out.join("console_assets.rs"), table(&files, &packed)?)?;
    let libraries = if files.is_empty() { Vec::new() } else { libraries(&out.join("console"))? };
    fs::write(out.join("console_libraries.rs"), about(&libraries)?)?;
    Ok(())
}

/// Path relative to the page, and where the file lies.
type Asset = (String, PathBuf);

fn build_console(out: &Path) -> Result<Vec<Asset>, Box<dyn Error>> {
    let (work, page) = (out.join("console"), out.join("page"));
    for stale in [&work, &page] {
        if stale.exists() {
            fs::remove_dir_all(stale)?;
        }
    }
    fs::create_dir_all(&work)?;
    for source in SOURCES {
        copy(&Path::new("console").join(source), &work.join(source))?;
    }
    // No package's own install script is run: nothing of the page needs one.
    npm(&work, &page, &["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])?;
    npm(&work, &page, &["run", "build", "--silent"])?;
    let mut files = Vec::new();
    collect(&page, "", &mut files)?;
    files.sort();
    Ok(files)
}

/// Name, version, licence and its text.
type Library = [String; 4];

/// What is built into the page: the packages that the page's own names, but for the tool that builds it.
fn libraries(work: &Path) -> Result<Vec<Library>, Box<dyn Error>> {
    let page: serde_json::Value = serde_json::from_str(&fs::read_to_string(work.join("package.json"))?)?;
    let names = page["dependencies"].as_object().into_iter().flatten().map(|(name, _)| name);
    names.filter(|name| *name != "esbuild").map(|name| library(&work.join("node_modules").join(name))).collect()
}

fn library(folder: &Path) -> Result<Library, Box<dyn Error>> {
    let package: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.join("package.json"))?)?;
    let is_licence = |entry: &fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        name.starts_with("licen") || name.starts_with("copying")
    };
    let licence = fs::read_dir(folder)?.filter_map(Result::ok).find(is_licence);
    let text = licence.map(|entry| fs::read_to_string(entry.path())).transpose()?.unwrap_or_default();
    let field = |name: &str| package[name].as_str().unwrap_or_default().to_owned();
    Ok([field("name"), field("version"), field("license"), text])
}

fn about(libraries: &[Library]) -> Result<String, Box<dyn Error>> {
    let mut text = String::from(
        "/// Name, version, licence and its text of each library in the page.\n\
         static CONSOLE_LIBRARIES: &[(&str, &str, &str, &str)] = &[\n",
    );
    for [name, version, licence, full] in libraries {
        writeln!(text, "    ({name:?}, {version:?}, {licence:?}, {full:?}),")?;
    }
    text.push_str("];\n");
    for (name, what) in [("TARGET", "For which machine"), ("PROFILE", "How")] {
        let value = std::env::var(name)?;
        writeln!(text, "/// {what} this was built.\nconst BUILD_{name}: &str = {value:?};")?;
    }
    Ok(text)
}

fn npm(work: &Path, page: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(work)
        .env("COPMESH_CONSOLE_OUT", page)
        .output()
        .map_err(|e| format!("npm could not be started ({e}); install nodejs and npm"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no output");
    Err(format!("`npm {}` failed: {last}", arguments.join(" ")).into())
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if from.exists() {
        fs::copy(from, to)?;
    }
    Ok(())
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<Asset>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, entry.path()));
        }
    }
    Ok(())
}

/// The files go into the program as gzip files, as they will be sent.
fn table(files: &[Asset], folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::from(
        "/// Path, content type and packed bytes of each file of the page.\n\
         static CONSOLE_ASSETS: &[(&str, &str, &[u8])] = &[\n",
    );
    for (number, (name, path)) in files.iter().enumerate() {
        let (kind, packed) = (content_type(path), folder.join(format!("{number}.gz")));
        let mut packer = GzEncoder::new(fs::File::create(&packed)?, Compression::best());
        packer.write_all(&fs::read(path)?)?;
        packer.finish()?;
        writeln!(text, "    ({name:?}, {kind:?}, include_bytes!({:?})),", packed.display().to_string())?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(OsStr::to_str) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("png") => "image/png",
        Some("json" | "map") => "application/json",
        _ => "application/octet-stream",
    }
}
