"""What goes wrong in the app: the root of every exception of this package.

    AppError
    ├── ProblemError               a route answers with a problem (api/problems.py)
    ├── UnhealthyError             a component does not work (api/component_checks.py)
    ├── DegradedError              a component works, though not as it should (api/component_checks.py)
    ├── AbsentComponentError       an optional component is not configured (api/component_checks.py)
    ├── TooManyError               a client is over a limit (limits/clients.py)
    ├── TokenError                 a token is not accepted (auth/jwt.py)
    ├── TokensUnavailableError     the keys that tokens are checked with cannot be fetched (auth/jwt.py)
    ├── DownloadError              the issuer's keys cannot be downloaded (auth/jwks_download.py)
    ├── AccessRefusedError         a request does not prove to come from the carrier (auth/acs.py)
    ├── HandshakeDeniedError       a WebSocket's handshake is answered with an HTTP status (auth/refusals.py)
    ├── SocketRefusedError         a browser's WebSocket is closed before any session exists (auth/socket_auth.py)
    ├── UnlistedRouteError         nobody has decided who may use a route (auth/route_table.py)
    ├── UndocumentedRouteError     a route is missing from the description of the API (api/contract/openapi.py)
    ├── CallCommandError           a running server does not place a call for the command line (commands/call.py)
    ├── SessionFileError           a session file cannot be replayed (replay/recording.py)
    ├── AgentFileError             an agent's file cannot be used; a ConfigurationError too (agents/agent_files.py)
    ├── McpError                   an MCP server, or a call of its tool, fails (mcp/errors.py)
    │   ├── ServerAwayError          there is no connection to it (mcp/errors.py)
    │   ├── CallLostError            the connection was lost in mid-call (mcp/errors.py)
    │   └── CallRefusedError         the server refuses the call (mcp/errors.py)
    ├── PeopleError                the model that plays callers or judges gives no usable answer (evals/people.py)
    ├── KnowledgeError             a folder of knowledge cannot be used; a ConfigurationError too (agents/knowledge.py)
    ├── PluginError                a reference cannot be loaded; a ConfigurationError too (plugins.py)
    │   └── NoToolError              what an agent's file names cannot be a tool (agents/agent_tools.py)
    ├── NoTokenError               this machine's identity gives no token (providers/azure/identity.py)
    ├── SdkClosedError             an SDK's client is closed, since the worker is ending (sdk_loading.py)
    ├── PartlyReadyError           some engines fail; a ProviderError too (providers/failover/providers.py)
    ├── AbandonedError             the result of a recognition is not wanted any more (providers/moonshine/model.py)
    ├── LateExportError            telemetry takes too long to be sent (telemetry/bounded.py)
    ├── StartError                 a worker ended before the server was ready (server/launcher.py)
    ├── ListenError                the address cannot be listened on (server/listening.py)
    ├── WorkerBusError             the launcher does not answer a worker (server/worker_bus.py)
    │   └── ServerEndingError        it has said its last, since the server ends (server/worker_bus.py)
    ├── RelayError                 another worker does not answer (server/asgi_relay.py)
    ├── SiblingSilentError         another worker of this server lives and does not answer (server/sibling_workers.py)
    ├── WorkerSilentError          a worker asked over Redis does not answer (cluster/worker_requests.py)
    ├── _HandshakeBrokenError      Hypercorn has answered a handshake itself (server/hypercorn_fast_path.py)
    └── TelephonyError             what goes wrong with calls, a tree of its own (telephony/errors.py)

Errors of the configuration are those of `config` too, and errors of engines those of `actors`.
"""


class AppError(Exception):
    """Base of every exception that the package `app` raises."""
