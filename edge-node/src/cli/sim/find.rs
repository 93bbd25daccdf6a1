//! A scenario by the name that it comes with, or from a file with the paths beside it.

use std::fs;
use std::path::Path;

use sensor_drivers::sim::scenario::{SHIPPED, Scenario, shipped};

use crate::cli::Failure;

/// Largest file of a scenario or a path that is read, bytes.
///
/// No counter: a larger one is refused.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The scenario that an argument means.
///
/// # Errors
/// [`Failure`] naming the file, the key and the remedy.
pub fn scenario(name: &str) -> Result<Scenario, Failure> {
    if let Some(one) = shipped(name) {
        return Ok(one.scenario());
    }
    let text = text(name)?;
    let folder = Path::new(name).parent().unwrap_or(Path::new("."));
    let mut beside = |file: &str| read(&folder.join(file));
    Scenario::from_toml_with(&text, &mut beside).map_err(|e| Failure::refused(format!("{name}: {e}")))
}

/// The text of a scenario.
///
/// # Errors
/// [`Failure`] if there is none of that name.
pub fn text(name: &str) -> Result<String, Failure> {
    if let Some(one) = shipped(name) {
        return Ok(one.text.to_owned());
    }
    let names = SHIPPED.map(|one| one.name).join(", ");
    let remedy = format!("give a scenario file, or one of {names}");
    read(Path::new(name)).map_err(|e| Failure::refused(format!("{name}: {e}; {remedy}")))
}

fn read(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("{size} bytes, at most {FILE_BYTES_MAX} are read"));
    }
    fs::read_to_string(path).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_scenario_is_answered_with_those_that_are() {
        let refusal = scenario("coats").expect_err("nowhere").message;
        assert!(refusal.starts_with("coats: ") && refusal.contains("one of demo, airfield, coast"), "{refusal}");
    }

    #[test]
    fn a_path_beside_a_scenario_is_found_and_a_fault_in_it_is_told_by_file_line_and_key() {
        let folder = std::env::temp_dir().join(format!("copmesh-find-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let toml = "name = \"a\"\nduration-s = 9\norigin = { latitude-deg = 5, longitude-deg = 5, height-m = 0 }\n\
                    [[target]]\nname = \"T\"\nclass = \"vessel\"\npath = { file = \"t.csv\" }\n";
        let file = folder.join("a.toml");
        fs::write(&file, toml).expect("written");
        let name = file.to_str().expect("text");
        let refusal = scenario(name).expect_err("no path yet").message;
        assert!(refusal.contains("target[0] (T).path.file: t.csv: "), "{refusal}");
        fs::write(folder.join("t.csv"), "time,lat,lon,h\n0,5,5,0\n1,x,5,0\n").expect("written");
        let refusal = scenario(name).expect_err("a fault").message;
        assert!(refusal.contains("t.csv: line 3: lat is \"x\", which is no number"), "{refusal}");
        fs::write(folder.join("t.csv"), "time,lat,lon,h\n0,5,5,0\n1,5.0001,5,0\n").expect("written");
        assert_eq!(scenario(name).expect("sound").targets.len(), 1);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
