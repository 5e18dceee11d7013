//! ZIP, tar and folders whose bytes depend on their members alone: in the order of their names, without a time,
//! an owner or a folder of the machine that makes them.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::unwritable;
use crate::error::CommandError;

/// A file in a package.
#[derive(Clone)]
pub struct Member {
    name: String,
    bytes: Vec<u8>,
    mode: u32,
}

impl Member {
    /// A file that can be started.
    pub fn program(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), bytes, mode: 0o755 }
    }

    /// A file that can only be read.
    pub fn plain(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), bytes, mode: 0o644 }
    }

    /// The same file in a folder.
    pub fn below(self, folder: &str) -> Self {
        Self { name: format!("{folder}/{}", self.name), ..self }
    }
}

/// Writes files into a new folder.
///
/// # Errors
/// If one cannot be written.
pub fn write_folder(folder: &Path, members: &[Member]) -> Result<(), CommandError> {
    for member in members {
        let path = folder.join(&member.name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = written.and_then(|()| fs::write(&path, &member.bytes));
        let written =
            written.and_then(|()| fs::set_permissions(&path, Permissions::from_mode(member.mode)));
        written.map_err(|fault| unwritable(&path, &fault))?;
    }
    Ok(())
}

/// Writes a ZIP.
///
/// # Errors
/// If it cannot be written.
pub fn write_zip(path: &Path, members: Vec<Member>) -> Result<(), CommandError> {
    let members = by_name(members);
    replace(path, |file| {
        let mut zip = ZipWriter::new(file);
        for member in &members {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .last_modified_time(DateTime::default())
                .unix_permissions(member.mode);
            zip.start_file(member.name.as_str(), options)?;
            zip.write_all(&member.bytes)?;
        }
        zip.finish()?.flush()
    })
}

/// Writes a compressed tar, with all members below one folder.
///
/// # Errors
/// If it cannot be written.
pub fn write_tar(path: &Path, folder: &str, members: Vec<Member>) -> Result<(), CommandError> {
    let members = by_name(members);
    replace(path, |file| {
        let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::default()));
        for member in &members {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(member.bytes.len()).map_err(io::Error::other)?);
            header.set_mode(member.mode);
            tar.append_data(&mut header, format!("{folder}/{}", member.name), &*member.bytes)?;
        }
        tar.into_inner()?.finish()?.flush()
    })
}

fn by_name(mut members: Vec<Member>) -> Vec<Member> {
    members.sort_by(|one, other| one.name.cmp(&other.name));
    members
}

/// Writes a file beside the old one and then replaces it: an interrupted command leaves no half package.
fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), CommandError> {
    let part = path.with_extension("part");
    let written = File::create(&part).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.into_inner().map_err(|fault| fault.into_error())?.sync_all()?;
        std::fs::rename(&part, path)
    });
    written.map_err(|fault| unwritable(path, &fault))
}
