"""The hostile host: what real shops do to a drop-in app, in one small shop."""
