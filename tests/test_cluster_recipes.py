"""The recipes for clusters, as far as they can be checked without one."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

RECIPES = Path(__file__).parents[1] / "runs" / "cluster"


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((RECIPES / name).read_text()))


def test_ray_takes_the_configuration_of_machines() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    (config,) = documents("machines.yaml")
    complete = prepare_config(config)
    validate_config(complete)  # against the schema of the installed Ray
    assert complete["available_node_types"]["local.cluster.node"]["min_workers"] == len(
        config["provider"]["worker_ips"]
    )


def ray_options(command: str) -> list[str]:
    return [word for word in re.findall(r"--[a-z-]+", command) if word not in ("--port", "--")]


def test_ray_start_knows_the_options() -> None:
    from ray.scripts.scripts import start

    known = {flag for parameter in start.params for flag in parameter.opts}
    (config,) = documents("machines.yaml")
    lines = [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]
    lines += re.findall(r"^ray start .*$", (RECIPES / "README.md").read_text(), re.MULTILINE)
    used = {option for line in lines if "ray start" in line for option in ray_options(line)}
    assert len(used) >= 4
    assert used <= known


@pytest.mark.parametrize("folder", ["new", "begun"])
def test_the_slurm_script_starts_and_goes_on(tmp_path: Path, folder: str) -> None:
    """On a stand-in for Slurm: the commands say what they were called with."""
    tools = {"scontrol": "printf 'node1\\nnode2\\n'", "srun": 'printf "%s\\n" "$@" "$RAY_AUTH_MODE" "$RAY_AUTH_TOKEN"'}
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for name, body in tools.items():
        (binaries / name).write_text(f"#!/bin/sh\n{body}\n")
        (binaries / name).chmod(0o755)
    if folder == "begun":
        (tmp_path / "my run").mkdir()
        (tmp_path / "my run" / "config.toml").touch()
    slurm = {"SLURM_JOB_ID": "123456", "SLURM_JOB_NUM_NODES": "2", "SLURM_JOB_NODELIST": "node[1-2]"}
    environment = {**os.environ, **slurm, "SLURM_CPUS_ON_NODE": "8", "PATH": f"{binaries}:{os.environ['PATH']}"}
    arguments = ["bash", RECIPES / "slurm.sh", "biped", "my run", "--seed", "1"]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    *words, mode, token = done.stdout.splitlines()
    address = "node1:23456"
    search = ["wann", "search", "biped", "--out", "my run", "--seed", "1", "--ray", address]
    assert words[words.index("--") + 1 :] == (
        search if folder == "new" else ["wann", "resume", "my run", "--ray", address]
    )
    assert words[words.index("symmetric-run") + 1 : words.index("symmetric-run") + 3] == ["--address", address]
    assert mode == "token"
    assert re.fullmatch("[0-9a-f]{64}", token)


def test_the_job_on_kubernetes_runs_what_the_command_knows() -> None:
    _, job = documents("kuberay.yaml")
    spec = job["spec"]
    assert spec["rayClusterSpec"]["authOptions"] == {"mode": "token"}
    version = spec["rayClusterSpec"]["rayVersion"]
    assert f"rayproject/ray:{version}-" in (RECIPES / "Dockerfile").read_text()
    commands = re.findall(r"wann (search|resume) ([^;]*)", shlex.split(spec["entrypoint"])[2])
    assert len(commands) == 2
    for command, options in commands:
        code = "from wann.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, command, "--help"], capture_output=True, text=True, check=True
        )
        assert all(option in done.stdout for option in re.findall(r"--[a-z-]+", options))
