"""Tools of an agent: which calls wait for a word of the caller, and which give the conversation to another agent."""
