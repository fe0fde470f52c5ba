"""`leapcasa config show PRESET` and `leapcasa config list`."""

from collections.abc import Sequence

from ..configs import ConfigError
from ..configs.convert import to_dict
from ..configs.presets import load, preset_names
from .console import Console


def config_command(
    action: str, preset: str | None, overrides: Sequence[str], console: Console
) -> int:
    """Show one preset resolved to the last value, or list all.

    Args:
        action: `show` or `list`.
        preset: a name or the path of a YAML file; `default` if None.
        overrides: `key=value`, applied before showing.
        console: where the answer goes.

    Returns:
        0.

    Raises:
        ConfigError: for an unknown preset or key, or a value that does not fit.
    """
    if action == "list":
        if preset is not None or overrides:
            raise ConfigError("`config list` takes neither a preset nor --set; see `config show`")
        presets = {name: _summary(name) for name in preset_names()}
        width = max(map(len, presets))
        lines = [f"{name:<{width}}  {summary}" for name, summary in presets.items()]
        console.result({"presets": presets}, "\n".join(lines))
        return 0
    import yaml

    resolved = to_dict(load(preset or "default", overrides))
    text = yaml.safe_dump(resolved, sort_keys=False, default_flow_style=False, allow_unicode=True)
    console.result(resolved, text)
    return 0


def _summary(name: str) -> str:
    config = load(name)
    parts = f"planner {config.planner.name}, policy {config.policy.name}, judge {config.judge.name}"
    return parts if config.env.render_profile == "exact" else f"{parts}, fast rendering"
