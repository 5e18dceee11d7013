"""Runs cfn-lint and the SAM CLI. Neither calls Amazon: the credentials are made up."""

import os
import subprocess
from pathlib import Path

from reading import Problem

MADE_UP = {
    "AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "MADEUPACCESSKEY",
    "AWS_SECRET_ACCESS_KEY": "made-up-secret-key-of-no-account", "AWS_EC2_METADATA_DISABLED": "true",
    "SAM_CLI_TELEMETRY": "0",
}


def run(folder, *command):
    """Runs a tool of the folder. What it prints is the message of the Problem."""
    program, *arguments = command
    ran = subprocess.run([folder / "bin" / program, *arguments], env={**os.environ, **MADE_UP}, timeout=300,
                         capture_output=True, text=True)
    if ran.returncode != 0:
        raise Problem(f"{' '.join(map(str, command))}:\n{ran.stdout}{ran.stderr}")


def lint(folder, template):
    run(folder, "cfn-lint", "--regions", "eu-west-1", "--", str(template))


def check(folder, template: Path):
    lint(folder, template)
    run(folder, "sam", "validate", "--lint", "--template", str(template))
