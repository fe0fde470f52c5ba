"""Importing and running RoboCasa without its chatter.

robosuite and robocasa print warnings about macro files, mimicgen, robosuite_models and mink that
mean nothing here, and MuJoCo writes its warnings into a log file in the working folder. Errors stay
what they are: exceptions.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Whatever runs inside prints nothing and warns of nothing; exceptions pass through."""
    logger = logging.getLogger("robosuite_logs")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def import_robocasa() -> None:
    """Import robosuite and robocasa quietly; their tasks are registered afterwards.

    Raises:
        ImportError: as they raise it.
    """
    with quiet():
        import mujoco
        import robocasa
        import robocasa.utils.env_utils  # noqa: F401

    mujoco.set_mju_user_warning(_drop)


def _drop(message: str) -> None:
    """MuJoCo's warnings are read from `MjData.warning` after each step instead of a log file."""
    del message
