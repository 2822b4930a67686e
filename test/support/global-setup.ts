export { begin as default } from './machine/lifecycle';
