"""Speech to speech by the Realtime protocol: Azure OpenAI, OpenAI and what is compatible, and Azure Voice Live."""
