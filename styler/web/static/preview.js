// The preview follows the settings while they change: one request at a time, and of the settings that come meanwhile
// only the last are asked for.
export class Preview {
  constructor(render) {
    Object.assign(this, { render, running: null, isWanted: false });
  }

  // Make a preview. `anew` gives up the one that is being made, as after another photograph was chosen.
  async refresh({ anew = false } = {}) {
    if (anew) this.running?.abort();
    this.isWanted = true;
    if (this.running) return;
    while (this.isWanted) {
      this.isWanted = false;
      this.running = new AbortController();
      await this.render(this.running.signal);
    }
    this.running = null;
  }
}
