"""Fit the encoder of the task racing to frames of its own rollouts: ``python -m tasks.racing_encoder``.

On one machine, the same seed gives the same frames. A pilot follows the road, with changing errors, so that the frames
show straights, curves, and the grass beside the road.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from tasks.racing import COLUMNS, ENCODER, GREEN, LATENTS, ROWS, small
from wann.figures.output import save
from wann.files import write_atomically
from wann.population import Floats

EPISODES, STEPS, EVERY = 24, 400, 4
"""Rollouts, steps of each, and how many steps lie between two frames."""
START = 40  # steps in which the picture zooms in
AHEAD = slice(40, 60)  # rows in front of the car
MIDDLE = 47.5
ROAD = 150  # grass is greener


def pilot(frame: NDArray[np.uint8], error: float) -> NDArray[np.float32]:
    """Steer towards the road that is seen, with an error, at a moderate pace."""
    columns = np.nonzero(frame[AHEAD, :, GREEN] < ROAD)[1]
    aim = (columns.mean() - MIDDLE) / MIDDLE if columns.size else 0.0
    return np.array([np.clip(2.0 * aim + error, -1.0, 1.0), 0.08, 0.0], dtype=np.float32)


def frames_of(environment: gymnasium.Env[Any, Any], seed: int) -> NDArray[np.uint8]:
    """Frames of one rollout; (frames, 96, 96, 3)."""
    rng = np.random.default_rng(seed)
    frame, _ = environment.reset(seed=seed)
    frames, error = [], 0.0
    for step in range(STEPS):
        error = 0.95 * error + rng.normal(0.0, 0.15)
        frame, _, terminated, truncated, _ = environment.step(pilot(frame, error))
        if step >= START and step % EVERY == 0:
            frames.append(frame)
        if terminated or truncated:
            break
    return np.array(frames)


def fit(pictures: Floats) -> tuple[Floats, Floats]:
    """Mean, (pixels,), and projection, (pixels, 16), of a principal component analysis; numbers of variance 1."""
    mean = pictures.mean(axis=0)
    _, spread, components = np.linalg.svd(pictures - mean, full_matrices=False)
    signs = np.sign(components[np.arange(LATENTS), np.abs(components[:LATENTS]).argmax(axis=1)])
    scale = spread[:LATENTS] / np.sqrt(len(pictures))
    return mean, (components[:LATENTS] * (signs / scale)[:, None]).T


def reconstruct(pictures: Floats, mean: Floats, projection: Floats) -> Floats:
    """What the numbers of pictures say of their pixels."""
    return np.asarray((pictures - mean) @ projection @ np.linalg.pinv(projection) + mean)


def write(path: Path, mean: Floats, projection: Floats) -> None:
    """Write what ``fit`` gave, in half precision."""
    buffer = io.BytesIO()
    np.savez(buffer, mean=mean.astype(np.float16), projection=projection.astype(np.float16))
    write_atomically(path, buffer.getvalue())


def draw(pictures: Floats, again: Floats, path: Path) -> None:
    """Some pictures above what is left of them."""
    from matplotlib.figure import Figure

    chosen = np.linspace(0, len(pictures) - 1, 8).astype(int)
    figure = Figure(figsize=(10, 2.6), layout="constrained")
    for column, index in enumerate(chosen):
        for row, source in enumerate((pictures, again)):
            axes = figure.add_subplot(2, len(chosen), row * len(chosen) + column + 1)
            axes.imshow(source[index].reshape(ROWS, COLUMNS), cmap="gray", vmin=0.2, vmax=1.0)
            axes.set_axis_off()
    save(figure, path)


def main() -> None:
    """Play, fit, write; print what share of the frames' variance the numbers keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the rollouts")
    parser.add_argument("--out", type=Path, default=ENCODER, help="file to write")
    parser.add_argument("--figure", type=Path, help="draw frames that were not fitted, and their reconstructions")
    arguments = parser.parse_args()
    environment = gymnasium.make("CarRacing-v3")
    seeds = np.random.SeedSequence(arguments.seed).generate_state(EPISODES).tolist()
    rollouts = [small(frames_of(environment, seed)) for seed in seeds]
    fitted, fresh = np.concatenate(rollouts[:-4]), np.concatenate(rollouts[-4:])
    mean, projection = fit(fitted)
    again = reconstruct(fresh, mean, projection)
    kept = 1.0 - ((fresh - again) ** 2).sum() / ((fresh - mean) ** 2).sum()
    print(f"{len(fitted)} frames fitted; of the variance of {len(fresh)} others, {kept:.1%} is kept")
    write(arguments.out, mean, projection)
    if arguments.figure:
        draw(fresh, again, arguments.figure)


if __name__ == "__main__":
    main()
