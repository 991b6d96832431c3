"""The tasks as gymnasium environments: importing this module registers them.

Gymnasium 1.0 dropped the plugins that made ``import gymnasium`` find other packages' environments. Its way is to import
the module that registers them, or to name that module in the id::

    gymnasium.make("tasks.registration:wann/CartPoleSwingUp-v0")
"""

from __future__ import annotations

import gymnasium

ENVIRONMENTS = {
    "wann/Acrobot-v0": "acrobot",
    "wann/CartPole-v0": "cartpole",
    "wann/CartPoleSwingUp-v0": "swingup",
    "wann/CartPoleSwingUpLengths-v0": "swingup-lengths",
    "wann/CartPoleSwingUpNoise-v0": "swingup-noise",
    "wann/DoublePole-v0": "doublepole",
    "wann/DoublePoleNoVelocity-v0": "doublepole-novelocity",
    "wann/MountainCar-v0": "mountaincar",
    "wann/MountainCarContinuous-v0": "mountaincar-continuous",
    "wann/Pendulum-v0": "pendulum",
}
"""The environments' ids, and the names of their tasks."""


def register() -> None:
    """Tell gymnasium about the environments. What they need is imported when one is made.

    They count their steps themselves, so gymnasium is given no limit: it would wrap them in a second count.
    """
    for name, task in ENVIRONMENTS.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, entry_point="wann.environment:JittedEnv", kwargs={"task": task})


register()
