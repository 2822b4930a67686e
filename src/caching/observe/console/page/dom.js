'use strict';

const SVG = 'http://www.w3.org/2000/svg';

/** The element with this id. */
const $ = (id) => document.getElementById(id);

/** A new element. Children are inserted as text only, so server data cannot inject markup. */
function h(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

function s(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, name), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Sets text only if it changed, so that screen readers announce nothing twice. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
