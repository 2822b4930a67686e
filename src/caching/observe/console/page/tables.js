'use strict';

/** A short ranking. While the pointer or the focus is inside, rows keep their places and only numbers change. */
class Ranking {
  #rows = [];

  /** @param columns the names of the numbers, the first one makes the bar @param chosen called with a name */
  constructor(table, name, columns, empty, chosen) {
    Object.assign(this, { table, name, columns, empty, chosen });
    this.body = table.tBodies[0];
  }

  update(items) {
    const held = this.#rows.length > 0 && (this.body.contains(document.activeElement) || this.body.matches(':hover'));
    if (!held) this.#place(items);
    const most = Math.max(1, ...items.map((item) => item[this.columns[0]]));
    for (const row of this.#rows) {
      const item = items.find((each) => each[this.name] === row.named);
      if (!item) continue;
      row.cells.forEach((cell, index) => say(cell, count(item[this.columns[index]])));
      row.element.style.setProperty('--share', String(item[this.columns[0]] / most));
    }
  }

  #place(items) {
    if (
      this.#rows.map(({ named }) => named).join('\n') === items.map((item) => item[this.name]).join('\n') &&
      this.body.firstChild
    )
      return;
    this.#rows = items.map((item) => this.#row(item[this.name]));
    const nothing = h('tr', {}, h('td', { colspan: this.columns.length + 1, class: 'nothing' }, this.empty));
    this.body.replaceChildren(...(this.#rows.length > 0 ? this.#rows.map(({ element }) => element) : [nothing]));
  }

  #row(named) {
    const cells = this.columns.map(() => h('td', {}));
    const button = h(
      'button',
      { type: 'button', class: 'name', title: named, onclick: () => this.chosen(named) },
      named,
    );
    return { named, cells, element: h('tr', {}, h('th', { scope: 'row' }, button), ...cells) };
  }
}
