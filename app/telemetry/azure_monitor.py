"""The exporters for Azure Monitor, which the extra `azure-monitor` brings."""

from importlib import import_module
from types import ModuleType

from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.trace.export import SpanExporter

from config.errors import SettingsError
from config.secret import Secret

PACKAGE = "azure.monitor.opentelemetry.exporter"


def exporter_package() -> ModuleType:
    """The package of the exporters.

    Raises:
        SettingsError: the extra is not installed.
    """
    try:
        return import_module(PACKAGE)
    except ImportError as error:
        raise SettingsError(
            "APPLICATIONINSIGHTS_CONNECTION_STRING is set, and the extra azure-monitor is not installed: "
            "pip install '.[azure-monitor]'"
        ) from error


def azure_monitor_exporters(connection_string: Secret) -> tuple[SpanExporter, MetricExporter]:
    """The exporters of spans and of metrics to one Application Insights resource.

    They keep nothing on disk: it would outlive the process, and with several workers be sent by any of them.

    Raises:
        SettingsError: the extra is not installed.
    """
    package = exporter_package()
    options = {"connection_string": connection_string.reveal(), "disable_offline_storage": True}
    return package.AzureMonitorTraceExporter(**options), package.AzureMonitorMetricExporter(**options)
