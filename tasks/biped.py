"""BipedalWalker: two legs, two joints each, and a lidar (Gaier & Ha 2019, section 4)."""

from __future__ import annotations

from typing import ClassVar

from wann.engines import EngineTask


class Biped(EngineTask):
    """BipedalWalker-v3: 300 points and more for the way to the end, -100 for a fall, some off for each torque.

    Both engines have the physics of Box2D 2.3; for the same seed they draw another terrain. Episodes of a search end
    when 100 steps in a row have earned nothing, with the rest estimated: at first, four fifths of all steps would be
    those of networks that stand still. Those of validation and test never do.
    """

    name = "biped"
    needs = "box2d"
    environment = "BipedalWalker-v3"
    inputs = (
        *("hull angle", "hull spin", "x'", "y'"),
        *("hip 1 angle", "hip 1 spin", "knee 1 angle", "knee 1 spin", "foot 1"),
        *("hip 2 angle", "hip 2 spin", "knee 2 angle", "knee 2 spin", "foot 2"),
        *(f"lidar {ray}" for ray in range(1, 11)),
    )
    outputs = ("hip 1", "knee 1", "hip 2", "knee 2")
    patience = 100
    paper: ClassVar = {"population": 480, "generations": 2048, "trials": 4, "initial_enabled": 0.25, "tournament": 16}
    paper_scores: ClassVar = {"random individual": -46, "random shared": 51, "best shared": 261, "tuned": 332}
    preset: ClassVar = {"verify_trials": 20}
