"""A tool as an orchestrator knows it, in recordings and in what replays them."""

from actors.tools import AnyTool, OnInterruption, ToolSchema


class ToolFront:
    """What an orchestrator knows of a tool, without the tool itself."""

    def __init__(self, tool: AnyTool) -> None:
        self.name = tool.name
        self.schema: ToolSchema = tool.schema
        self.on_interruption: OnInterruption = tool.on_interruption
        self.confirm = tool.confirm
        self.connects = tool.connects
        self.approval = tool.approval
