"""Importing RoboCasa without its chatter.

robosuite and robocasa print warnings about macro files, mimicgen, robosuite_models and mink that
mean nothing here, and MuJoCo writes its warnings to the terminal and into a log file in the working
folder. Errors stay what they are: exceptions, with what was held back shown before them.
"""

import contextlib
import importlib
import io
import logging
import sys
import warnings
from collections.abc import Iterator

from ..configs import EnvironmentFault

_MODULES = ("mujoco", "robosuite", "robocasa", "robocasa.utils.env_utils")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back what is written to the terminal inside, unless it ends in an exception.

    Output of all threads is held back. Loggers born inside write to the real terminal afterwards.
    """
    held = io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(held),
            contextlib.redirect_stderr(held),
        ):
            warnings.simplefilter("ignore")
            yield
    except BaseException:
        sys.stderr.write(held.getvalue())
        raise
    finally:
        _give_back_terminal(held)


def import_robocasa() -> None:
    """Import robosuite and robocasa quietly; their tasks are registered afterwards.

    `envs.assets.ensure` has to be called before, and `envs.gl.choose` if anything will be drawn:
    both packages read the environment once.

    Raises:
        EnvironmentFault: if one of them cannot be imported.
    """
    if all(name in sys.modules for name in _MODULES):
        return
    try:
        with quiet():
            modules = [importlib.import_module(name) for name in _MODULES]
    except Exception as error:
        raise EnvironmentFault(
            f"the simulator cannot be imported: {type(error).__name__}: {error}; "
            "`leapcasa doctor` names the mend"
        ) from error
    modules[0].set_mju_user_warning(_drop)
    logging.getLogger("robosuite_logs").setLevel(logging.WARNING)  # it reports every file it opens


def _drop(message: str) -> None:
    """MuJoCo's warnings are read from `MjData.warning` after each step instead of a log file."""
    del message


def _give_back_terminal(held: io.StringIO) -> None:
    for logger in [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and handler.stream is held:
                handler.setStream(sys.stderr)
