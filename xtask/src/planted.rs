//! Faults, planted into copies of what our checks look at: whatever guards the rule that one breaks must say so, by its own words.

use std::{
    fs,
    path::{Path, PathBuf},
    slice,
};

use anyhow::{Context, Result, ensure};

use crate::run::{command, root, said};

/// Where copies lie.
const COPIES: &str = "target/planted";

/// A piece of a file made wrong, and what must be said of it.
pub struct Fault {
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    said: &'static str,
}

pub const fn fault(file: &'static str, right: &'static str, wrong: &'static str, said: &'static str) -> Fault {
    Fault { file, right, wrong, said }
}

impl Fault {
    fn plant(&self, tree: &Path) -> Result<()> {
        let file = tree.join(self.file);
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        ensure!(text.contains(self.right), "{} has no `{}` any more: plant another fault", self.file, self.right);
        fs::write(&file, text.replace(self.right, self.wrong)).map_err(Into::into)
    }
}

/// Plants a fault into a copy of these files and folders of ours, and lets the check look at it. Errors: it did not notice.
pub fn noticed(name: &str, copied: &[&str], fault: &Fault, check: impl Fn(&Path) -> Result<()>) -> Result<()> {
    let tree = copy(name, copied)?;
    all_noticed(&tree, slice::from_ref(fault), || check(&tree))
}

/// Plants all of them into this copy and looks at it once, so no two may break one rule. Errors: what nobody noticed.
pub fn all_noticed(tree: &Path, faults: &[Fault], look: impl FnOnce() -> Result<()>) -> Result<()> {
    faults.iter().try_for_each(|fault| fault.plant(tree))?;
    let told = look().err().map(|error| format!("{error:#}")).unwrap_or_default();
    // Terraform breaks lines where a terminal would end.
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
    let silent: Vec<&str> = faults.iter().map(|fault| fault.said).filter(|words| !told.contains(words)).collect();
    ensure!(silent.is_empty(), "nobody says `{}`; what is said is: {told}", silent.join("`, `"));
    Ok(())
}

/// A folder of that name with nothing in it.
pub fn empty(name: &str) -> Result<PathBuf> {
    let place = root().join(COPIES).join(name);
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
    Ok(place)
}

/// A copy of these alone. It is a repository of its own, for linters ask git what is in it.
fn copy(name: &str, paths: &[&str]) -> Result<PathBuf> {
    let tree = empty(name)?;
    said(command(&["git", "init", "--quiet"]).current_dir(&tree))?;
    for path in paths {
        copy_whole(&root().join(path), &tree.join(path)).with_context(|| (*path).to_owned())?;
    }
    Ok(tree)
}

/// A file, or a folder with all that is in it.
pub fn copy_whole(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy_whole(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
    fs::copy(from, to).map(drop).map_err(Into::into)
}
