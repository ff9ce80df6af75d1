import pytest

from app.telemetry import azure_monitor
from config.errors import SettingsError
from config.secret import Secret


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure_monitor, "PACKAGE", "azure.monitor.not_installed")
    with pytest.raises(SettingsError, match="pip install"):
        azure_monitor.azure_monitor_exporters(Secret("InstrumentationKey=x"))
