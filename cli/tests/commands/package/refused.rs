//! What `koohook package` refuses.

use super::*;

/// The private keys travel only sealed.
#[test]
fn no_package_has_a_private_key_in_clear_text() {
    let (folder, pem, sealed) = built_with_keys();
    for option in ["--rsa-key", "--include"] {
        let refused = package(&folder, "functiongraph", "refused", &[option, &pem]);
        refused.check(1, "", "run koohook keys pack");
        assert!(!folder.0.path().join("refused").exists());
    }
    let names = [
        "koohook.auto.tfvars.json",
        "koohook.env",
        ".env.production",
        "samconfig.toml",
        "keys.json",
    ];
    for name in names {
        folder.write(name, b"{}");
        let secrets = folder.0.path().join(name).display().to_string();
        let refused = package(&folder, "functiongraph", "refused", &["--include", &secrets]);
        refused.check(1, "", "has secrets");
    }
    let der = folder.0.path().join("application.der").display().to_string();
    let mut openssl = Command::new("openssl");
    said(openssl.args(["pkey", "-in", &pem, "-outform", "DER", "-out", &der]));
    package(&folder, "functiongraph", "refused", &["--include", &der]).check(1, "", "keys pack");
    let pipe = folder.0.path().join("pipe").display().to_string();
    said(Command::new("mkfifo").arg(&pipe));
    for (option, file) in
        [("--include", pipe.as_str()), ("--rsa-key", &pipe), ("--include", "/dev/zero")]
    {
        let refused = package(&folder, "functiongraph", "refused", &[option, file]);
        refused.check(1, "", "is not a file; name a file");
    }
    let twice = package(&folder, "functiongraph", "refused", &["--include", &sealed]);
    twice.check(1, "", "another file in the package has this name");
}

#[test]
fn a_missing_program_or_project_says_what_to_do() {
    let folder = Folder::new();
    let missing = package(&folder, "machine", "out", &[]);
    missing.check(1, "", "name the folder that has it");
    folder.write("koohook", b"a text");
    package(&folder, "machine", "out", &[]).check(1, "", "is not a program for Linux");
    fs::remove_file(folder.0.path().join("koohook")).unwrap();
    let made = Command::new("mkfifo").arg(folder.0.path().join("koohook")).status().unwrap();
    assert!(made.success(), "mkfifo makes a pipe");
    package(&folder, "machine", "out", &[]).check(1, "", "koohook: is not a file; remove it");
    fs::remove_file(folder.0.path().join("koohook")).unwrap();
    folder.write("koohook", &fake_program("koohook", 0xb7));
    package(&folder, "machine", "out", &[]).check(1, "", "build it for x86_64");
    let elsewhere = folder.run(&["package", "--target", "machine"]);
    elsewhere.check(1, "", "this folder is not in a clone of koohook");
}
