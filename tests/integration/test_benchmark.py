"""The benchmark itself: a small one runs, agrees with the stub's count and says what it found."""

from __future__ import annotations

import json
import subprocess
import sys


def test_a_small_benchmark_measures_a_morning_beside_the_bare_loop(repository, tmp_path):
    out = tmp_path / "results.json"
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "--pupils", "90", "--repeats", "1", "--database", "sqlite", "--out", str(out)],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(out.read_text("utf-8"))["cases"][0]["median"]
    assert found["messages"] > 0
    assert found["segments"] >= found["messages"]
    assert 0 < found["path_ratio"] <= found["hand_over_ratio"]
    assert found["path_cpu_ms"] >= found["hand_over_cpu_ms"] > 0
    assert "of the bare loop" in ended.stdout
