"""Settings of demos that tests start and stop: those of the demo, with vectors without a model."""

from demo_shop.settings import *  # noqa: F403 (a variation of them)
from demo_shop.settings import SHOPRECO

SHOPRECO = {**SHOPRECO, "TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder"}}
