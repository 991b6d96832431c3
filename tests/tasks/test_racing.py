"""Racing from pixels: what the encoder sees, how it is fitted, and when an episode ends."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from strategies import grown

from tasks import racing_encoder
from tasks.racing import COLUMNS, LATENTS, ROWS, Racing, load_encoder, small
from wann.champion import Network
from wann.errors import UserError
from wann.evaluation import envpool, lockstep
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Evaluation, Evaluator
from wann.network import express
from wann.task import Part

pytest.importorskip("Box2D", reason="the extra box2d is not installed")

FRAMES = np.random.default_rng(0).integers(0, 256, (7, 96, 96, 3)).astype(np.uint8)
SEEDS = np.array([[1, 2, 3]])
POPULATION = grown(2, n_inputs=16, n_outputs=3, steps=10)


class Short(Racing):
    environment = "CarRacing-v3?max_episode_steps=50"
    patience = 12


@pytest.fixture(params=["gymnasium", "envpool"])
def task(request: pytest.FixtureRequest) -> Short:
    if request.param == "envpool":
        pytest.importorskip("envpool", reason="the extra envpool is not installed")
    return Short(request.param)


def test_the_encoder_is_a_plain_projection() -> None:
    task, encoder = Racing("gymnasium"), load_encoder()
    green = FRAMES[:, : ROWS * 3, :, 1] / 255.0
    pictures = green.reshape(-1, ROWS, 3, COLUMNS, 3).mean(axis=(2, 4)).reshape(len(FRAMES), -1)
    np.testing.assert_allclose(small(FRAMES), pictures, rtol=1e-12)
    expected = (pictures - encoder.mean) @ encoder.projection
    np.testing.assert_allclose(task.observe(FRAMES), expected, rtol=1e-9, atol=1e-9)
    alone = [task.observe(frame) for frame in FRAMES]
    np.testing.assert_array_equal(task.observe(FRAMES), alone)


def test_the_fit_is_a_principal_component_analysis() -> None:
    rng = np.random.default_rng(1)
    pictures = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 40)) + 0.1 * rng.normal(size=(300, 40))
    mean, projection = racing_encoder.fit(pictures)
    latents = (pictures - mean) @ projection
    np.testing.assert_allclose(latents.T @ latents / 300, np.eye(LATENTS), atol=1e-9)
    variances = np.linalg.eigvalsh(np.cov(pictures.T, bias=True))
    left = ((pictures - racing_encoder.reconstruct(pictures, mean, projection)) ** 2).sum() / 300
    np.testing.assert_allclose(left, variances[:-LATENTS].sum(), rtol=1e-6)


def test_the_command_gives_the_same_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in {"EPISODES": 5, "STEPS": 40, "START": 0, "EVERY": 2}.items():
        monkeypatch.setattr(racing_encoder, name, number)
    for name in ("one.npz", "two.npz"):
        figure = tmp_path / "figure.png"
        monkeypatch.setattr(sys, "argv", ["fit", "--seed", "7", "--out", str(tmp_path / name), "--figure", str(figure)])
        racing_encoder.main()
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert figure.read_bytes().startswith(b"\x89PNG")
    encoder = load_encoder(tmp_path / "one.npz")
    assert np.isfinite(encoder.projection).all()


def test_a_damaged_encoder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "encoder.npz"
    path.write_bytes(b"PK\3\4 nothing")
    with pytest.raises(UserError, match="cannot be read"):
        load_encoder(path)
    np.savez(path, mean=np.zeros(3), projection=np.zeros((3, 16)))
    with pytest.raises(UserError, match=r"has the shapes \(3,\) and \(3, 16\)"):
        load_encoder(path)


def test_the_brake_is_off_at_an_output_of_0_as_in_the_paper() -> None:
    task = Racing("gymnasium")
    outputs = np.array([[0.0, 0.0, 0.0], [-0.5, -1.0, -1.0], [3.0, 3.0, 0.25], [np.nan, 0.5, np.inf]])
    expected = [[0.0, 0.5, 0.0], [-0.5, 0.0, 0.0], [1.0, 1.0, 0.25], [0.0, 0.75, 1.0]]
    np.testing.assert_array_equal(task.action(outputs), np.array(expected, dtype=np.float32))
    assert all(task.make().action_space.contains(task.action(row)) for row in outputs)
    assert "brake limited to [0, 1]" in task.remarks[0]
    assert "end after 100 steps in a row" in task.remarks[-1]


def played(evaluator: Evaluator, part: Part = Part.TRAINING) -> Evaluation:
    try:
        return evaluator.evaluate(express(POPULATION), [0.7], SEEDS, part)
    finally:
        evaluator.close()


def test_threads_and_slots_do_not_matter(task: Short, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = played(ThreadEvaluator(task, 1))
    threads = played(ThreadEvaluator(task, 3))
    for module in (envpool, lockstep):
        monkeypatch.setattr(module, "SLOTS", 2)
    for found in (threads, played(ThreadEvaluator(task, 1))):
        np.testing.assert_array_equal(found.returns, expected.returns)
        assert found.steps == expected.steps


def brute_force(task: Short, network: Network, seed: int, patience: int) -> tuple[float, int]:
    """The return and length of an episode; ``patience`` steps without a reward above 0 stand for all further ones."""
    environment, rewards, rest = task.make(), [], 0.0
    observation, _ = environment.reset(seed=seed)
    while len(rewards) < task.max_steps:
        action = task.action(network(task.observe(observation), 0.7))
        observation, reward, terminated, _, _ = environment.step(action)
        rewards.append(float(reward))
        if terminated:
            break
        if len(rewards) >= patience and max(rewards[-patience:]) <= 0.0:
            rest = np.mean(rewards[-patience:]) * (task.max_steps - len(rewards))
            break
    environment.close()
    return sum(rewards) + rest, len(rewards)


@pytest.mark.parametrize(("part", "patience"), [(Part.TRAINING, 12), (Part.VALIDATION, 1000), (Part.TEST, 1000)])
def test_episodes_that_earn_nothing_end_early_in_a_search_alone(part: Part, patience: int) -> None:
    task = Short("gymnasium")
    found = played(ThreadEvaluator(task, 1), part)
    plain = [[brute_force(task, Network(g), seed, patience) for seed in SEEDS[0].tolist()] for g in POPULATION]
    np.testing.assert_allclose(found.returns[:, 0], [[total for total, _ in row] for row in plain], rtol=1e-12)
    assert found.steps == sum(length for row in plain for _, length in row)
    assert (found.steps < 6 * 50) == (part == Part.TRAINING)
