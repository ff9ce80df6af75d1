"""Language models by chat completions: Azure OpenAI, and every server that speaks OpenAI's API."""
