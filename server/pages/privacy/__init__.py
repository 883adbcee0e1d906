"""Data protection: what is kept how long and why, what goes tonight, holds, requests, who looked, and the papers."""
