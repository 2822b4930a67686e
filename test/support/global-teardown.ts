export { end as default } from './machine/lifecycle';
