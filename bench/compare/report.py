"""The result as one HTML file that needs nothing else: the table, and charts as inline SVG."""

import html
import math

import table

COLOURS = {'paddock': '#0b6e4f', 'floor': '#888888', 'zookeeper': '#c8553d',
           'zookeeper-tuned': '#e09f3e', 'zookeeper-tuned-nosync': '#7b5ea7', 'redis': '#3a6ea5'}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 300, 70, 40, 26

STYLE = '''
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1180px; color: #222 }
table { border-collapse: collapse; font-size: 12px } td, th { padding: 3px 8px; text-align: right }
td:first-child, th:first-child { text-align: left } tr:nth-child(even) { background: #f4f4f4 }
.met { color: #0b6e4f } .missed { color: #b00020; font-weight: bold }
svg { margin: 8px 12px 8px 0 } svg text { font: 11px system-ui, sans-serif }
'''


def colour(name):
    return COLOURS.get(name, '#000000')


def frame(title, body, legend):
    title = html.escape(title)
    parts = [f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{title}">',
             f'<text x="{LEFT}" y="14" font-weight="bold">{title}</text>', *body]
    x = LEFT
    for name in legend:
        parts.append(f'<rect x="{x}" y="{HEIGHT - 12}" width="9" height="9" fill="{colour(name)}"/>'
                     f'<text x="{x + 12}" y="{HEIGHT - 4}">{html.escape(name)}</text>')
        x += 24 + 6.2 * len(name)
    return '\n'.join(parts + ['</svg>'])


def scale_y(low, high):
    """Logarithmic: the systems are apart by factors. Returns (function, marks)."""
    bottom, top = math.floor(math.log10(low)), math.ceil(math.log10(high))
    top = max(top, bottom + 1)
    span = HEIGHT - TOP - BOTTOM

    def place(value):
        return TOP + span * (1 - (math.log10(max(value, 10 ** bottom)) - bottom) / (top - bottom))
    return place, [10 ** power for power in range(bottom, top + 1)]


def line_chart(title, series, x_labels, y_unit):
    """`series` is {name: [number or None for each of x_labels]}."""
    values = [v for numbers in series.values() for v in numbers if v]
    if not values:
        return ''
    place, marks = scale_y(min(values), max(values))
    step = (WIDTH - LEFT - 20) / max(1, len(x_labels) - 1)
    body = []
    for mark in marks:
        y = place(mark)
        body.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
                    f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
                    f'{table.number_text(mark)} {y_unit}</text>')
    for i, label in enumerate(x_labels):
        body.append(f'<text x="{LEFT + i * step:.1f}" y="{HEIGHT - BOTTOM + 16}" '
                    f'text-anchor="middle">{html.escape(label)}</text>')
    for name, numbers in series.items():
        points = ' '.join(f'{LEFT + i * step:.1f},{place(v):.1f}'
                          for i, v in enumerate(numbers) if v)
        body.append(f'<polyline points="{points}" fill="none" stroke="{colour(name)}" '
                    'stroke-width="2"/>')
    return frame(title, body, series)


def bar_chart(title, bars, unit):
    """`bars` is {name: number}; logarithmic, each with its number on top."""
    bars = {name: value for name, value in bars.items() if value and value > 0}
    if not bars:
        return ''
    place, _ = scale_y(min(bars.values()) / 2, max(bars.values()))
    base = HEIGHT - BOTTOM
    step = (WIDTH - LEFT - 20) / len(bars)
    body = []
    for i, (name, value) in enumerate(bars.items()):
        x, y = LEFT + i * step + step * 0.2, place(value)
        body.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{step * 0.6:.1f}" '
                    f'height="{max(0.0, base - y):.1f}" fill="{colour(name)}"/>'
                    f'<text x="{x + step * 0.3:.1f}" y="{y - 4:.1f}" text-anchor="middle">'
                    f'{table.number_text(value)} {unit}</text>')
    return frame(title, body, bars)


def medians(entries, name):
    for entry in entries:
        if entry['name'] == name and entry['pinning'] != 'unpinned':
            found = {s: m[0] for s, m in entry['medians'].items() if m}
            if entry['floor']:
                found['floor'] = entry['floor'][0]
            return found
    return {}


def latency_charts(curves):
    for title, by_system in curves.items():
        shares = [point[0] for point in next(iter(by_system.values()))]
        shown = [i for i, share in enumerate(shares) if share >= 0.5 or i == 0]
        labels = [f'{shares[i] * 100:g}' if shares[i] < 1 else 'max' for i in shown]
        series = {name: [points[i][1] for i in shown] for name, points in by_system.items()}
        yield line_chart(f'Latency by percentile: {title}', series, labels, 'us')


def charts(result):
    entries = result['table']
    yield from latency_charts(result['latency_curves'])
    for workload, by_system in result['throughput_curves'].items():
        labels = [str(count) for count in result['curve_connections']]
        yield line_chart(f'Throughput by connections, depth {result["curve_depth"]}: {workload}',
                         by_system, labels, '/s')
    for entry in entries:
        if entry['name'].startswith('fan-out'):
            yield bar_chart(f'Notifications per second: {entry["name"]}',
                            medians(entries, entry['name']), '/s')
    for entry in entries:
        if entry['name'].startswith('memory'):
            yield bar_chart(entry['name'].capitalize(), medians(entries, entry['name']), 'B')
    for entry in entries:
        if entry['name'].startswith('restart'):
            yield bar_chart('Seconds to the first answer: ' + entry['name'],
                            medians(entries, entry['name']), 's')


def cell_html(text):
    kind = 'missed' if 'MISSED' in text else 'met' if text.endswith('met') else ''
    return f'<td class="{kind}">{html.escape(text)}</td>'


def page(result):
    head = ''.join(f'<th>{html.escape(name)}</th>' for name in table.HEADER)
    rows = ''.join('<tr>' + ''.join(map(cell_html, table.cells(entry))) + '</tr>\n'
                   for entry in result['table'])
    facts = ''.join(f'<tr><td>{html.escape(str(key))}</td><td>{html.escape(str(value))}</td></tr>\n'
                    for key, value in {**result['environment'], **result['options'],
                                       **result['systems']}.items())
    return ('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            f'<title>Paddock benchmark</title><style>{STYLE}</style></head><body>'
            '<h1>Paddock benchmark</h1><p>Medians of the rounds ± median absolute deviation. '
            'Ratios are taken within each round; a target is in parentheses. us are '
            'microseconds.</p>'
            f'<table><tr>{head}</tr>{rows}</table><h2>Charts</h2><p>All axes of numbers are '
            f'logarithmic.</p>{"".join(charts(result))}<h2>Where and how</h2>'
            f'<table>{facts}</table></body></html>\n')
