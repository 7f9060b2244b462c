import { Connection, websocketUrl } from './connection.ts';
import { openPage } from './open-page.ts';

openPage(new Connection(websocketUrl(location.href)));
