// A worker's own workers have no page that could tell them who they are, so none starts: its constructor gives a
// worker whose script could not be loaded.
Object.defineProperty(self, "Worker", {
  configurable: true, writable: true,
  value: class Worker extends EventTarget {
    onerror = null; onmessage = null; onmessageerror = null;
    constructor() {
      super();
      setTimeout(() => {
        const e = new Event("error", {cancelable: true});
        if (typeof this.onerror === "function") this.onerror(e);
        this.dispatchEvent(e);
      }, 0);
    }
    postMessage() {}
    terminate() {}
  },
});
