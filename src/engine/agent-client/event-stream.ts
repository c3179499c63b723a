// Server-sent events as they arrive (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as the agent uses them.

export interface StreamEvent {
  readonly id: string | null;
  readonly type: string;
  readonly data: string;
}

/** Given each line; answers with the event that an empty one ends, otherwise null. */
export function eventReader(): (line: string) => StreamEvent | null {
  let id: string | null = null;
  let type = '';
  let data: string[] = [];
  return (line) => {
    if (line === '') {
      const event = data.length === 0 ? null : { id, type: type || 'message', data: data.join('\n') };
      [type, data] = ['', []];
      return event;
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'id') id = value;
    else if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
    return null;
  };
}
