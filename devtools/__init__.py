"""Tools for developing: embedded servers, the demo's processes, screenshots."""
