//! Faults, planted one beside another into a copy of each folder: whatever guards the rule that one breaks must say so, by its own words.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::{FOLDER, Terraform};
use crate::{
    planted,
    run::{at_once, root},
};

mod list;
use list::{FOLDERS, ILL_WRITTEN};

/// Plants them all; returns how many were noticed.
pub fn noticed(terraform: &Terraform) -> Result<usize> {
    let mut missed = at_once((0..FOLDERS.len()).collect(), |number| missed(terraform, *number).err());
    missed.extend(missed_ill_written(terraform).err());
    let missed: Vec<String> = missed.iter().map(|error| format!("{error:#}")).collect();
    ensure!(missed.is_empty(), "planted faults:\n  {}", missed.join("\n  "));
    Ok(1 + FOLDERS.iter().map(|(_, faults)| faults.len()).sum::<usize>())
}

/// Errors: what nobody noticed in this folder.
fn missed(terraform: &Terraform, number: usize) -> Result<()> {
    let (folder, faults) = FOLDERS.get(number).context("there is no such folder")?;
    let tree = lay_out(&format!("terraform-{number}"), folder)?;
    let terraform = terraform.over(&tree);
    let look = || terraform.told(folder).map(drop);
    planted::all_noticed(&tree.join(FOLDER).join(folder), faults, look).context(*folder)
}

fn missed_ill_written(terraform: &Terraform) -> Result<()> {
    let tree = lay_out("terraform-format", "modules/key")?;
    let terraform = terraform.over(&tree);
    planted::all_noticed(&tree.join(FOLDER), &[ILL_WRITTEN], || terraform.formatted()).context("terraform fmt")
}

/// All that is beside that folder, and a copy of it.
fn lay_out(name: &str, folder: &str) -> Result<PathBuf> {
    let tree = planted::empty(name)?;
    for beside in ["infra/observe", "static"] {
        link(beside.as_ref(), &tree)?;
    }
    let copied = Path::new(FOLDER).join(folder);
    for aside in copied.ancestors().skip(1).take_while(|aside| aside.starts_with(FOLDER)) {
        for entry in fs::read_dir(root().join(aside))? {
            let path = aside.join(entry?.file_name());
            if !copied.starts_with(&path) {
                link(&path, &tree)?;
            }
        }
    }
    planted::copy_whole(&root().join(&copied), &tree.join(&copied))?;
    Ok(tree)
}

/// The same path in the tree leads to ours.
fn link(path: &Path, tree: &Path) -> Result<()> {
    let place = tree.join(path);
    fs::create_dir_all(place.parent().context("nothing lies at the top")?)?;
    symlink(root().join(path), place).map_err(Into::into)
}
