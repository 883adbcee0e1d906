"""SIMULATED reader chip MFRC522, register by register as its data sheet has it, with a clock of its own in microseconds.

Whatever is above the SPI bus is the code that runs in the workshop. What no simulation can say: how far the antenna
reaches, what a weak supply does, how long a real bus takes; 45 µs for two bytes is an assumption.
"""

from dataclasses import dataclass

from agent.hardware.simulated_cards import ANSWER_DELAY_US, ETU_US, Bits, Field, Reply, bytes_of, checksum

_SPI_US, _SPI_BYTE_US = 45.0, 8.0  # two bytes, and each further one, at 1 MHz
_TICK_US = 1 / 13.56
_FIFO_BYTES = 64
_STOPS_TIMER_BITS = 5

_COMMAND, _COM_IRQ, _DIV_IRQ, _ERROR, _FIFO, _FIFO_LEVEL = 0x01, 0x04, 0x05, 0x06, 0x09, 0x0A
_CONTROL, _FRAMING, _COLL, _TX_CONTROL = 0x0C, 0x0D, 0x0E, 0x14
_CRC_HIGH, _CRC_LOW = 0x21, 0x22
_T_MODE, _T_PRESCALER, _T_RELOAD_HIGH, _T_RELOAD_LOW, _VERSION = 0x2A, 0x2B, 0x2C, 0x2D, 0x37
_IDLE, _CALC_CRC, _TRANSCEIVE, _SOFT_RESET = 0x00, 0x03, 0x0C, 0x0F
_TX_IRQ, _RX_IRQ, _IDLE_IRQ, _ERR_IRQ, _TIMER_IRQ, _CRC_IRQ = 0x40, 0x20, 0x10, 0x02, 0x01, 0x04
_OVERFLOW_ERR, _COLL_ERR, _PARITY_ERR = 0x10, 0x08, 0x02
_NOT_PLACED = 0x20
_RESET = {
    _COMMAND: 0x20,
    _COM_IRQ: 0x14,
    0x0B: 0x08,
    _CONTROL: 0x10,
    _COLL: 0x80,
    0x11: 0x3F,
    _TX_CONTROL: 0x80,
    0x26: 0x48,
}
_READ_ONLY = {_ERROR, 0x07, _CRC_HIGH, _CRC_LOW, _VERSION}


@dataclass(frozen=True, slots=True)
class OnAir:
    """One exchange: what was sent (``last`` bits of the last byte, 0 for all), and the whole bytes that came back."""

    sent: bytes
    last: int
    heard: bytes


class Chip:
    """``version`` is what it says it is. Unplugged, nobody holds the line: all reads give ``idle_line``."""

    def __init__(self, field: Field, version: int = 0x92, idle_line: int = 0x00) -> None:
        self.field = field
        self.transfers = 0
        self.now_us = 0.0
        self.air: list[OnAir] = []
        self._version = version
        self._idle_line = idle_line
        self.plugged = True
        self._due: list[tuple[float, int, Reply | None]] = []  # when, which interrupt, what has arrived
        self._reset()

    def unplug(self) -> None:
        self.plugged = False
        self.field.power(False, self.now_us)

    def plug_in(self) -> None:
        """As after any loss of its supply: everything is as at the factory."""
        self.plugged = True
        self._reset()

    def pause(self, seconds: float) -> None:
        """Time passes without a word on the bus."""
        self.now_us += seconds * 1_000_000

    def transfer(self, sent: list[int]) -> list[int]:
        """One SPI transfer, chip select low from the first byte to the last."""
        self.transfers += 1
        self.now_us += _SPI_US + _SPI_BYTE_US * max(0, len(sent) - 2)
        if not self.plugged:
            return [self._idle_line] * len(sent)
        self._catch_up()
        if sent[0] & 0x80:
            return [0, *(self._read(address >> 1 & 0x3F) for address in sent[:-1])]
        for value in sent[1:]:
            self._write(sent[0] >> 1 & 0x3F, value)
        return [0] * len(sent)

    # --- registers ------------------------------------------------------------------------------------------------------

    def _reset(self) -> None:
        self._registers = bytearray(64)
        for register, value in _RESET.items():
            self._registers[register] = value
        self._fifo = bytearray()
        self._due.clear()
        self.field.power(False, self.now_us)

    def _read(self, register: int) -> int:
        match register:
            case 0x09:
                return self._fifo.pop(0) if self._fifo else 0
            case 0x0A:
                return len(self._fifo)
            case 0x37:
                return self._version
        return self._registers[register]

    def _write(self, register: int, value: int) -> None:
        match register:
            case 0x01:
                self._command(value & 0x0F)
            case 0x04 | 0x05:  # the highest bit says whether the others are set or cleared
                now = self._registers[register]
                self._registers[register] = now | value & 0x7F if value & 0x80 else now & ~value
            case 0x09:
                self._push(bytes((value,)))
            case 0x0A if value & 0x80:
                self._fifo.clear()
                self._registers[_ERROR] &= ~_OVERFLOW_ERR
            case _ if register not in _READ_ONLY:
                self._set(register, value)

    def _set(self, register: int, value: int) -> None:
        """A register that keeps what is written, of which three make something happen or keep a part."""
        kept = self._registers[_COLL] & 0x7F | value & 0x80 if register == _COLL else value
        self._registers[register] = kept
        if register == _TX_CONTROL:
            self.field.power(bool(value & 0x03), self.now_us)
        self._start()

    def _start(self) -> None:
        """Sends once both are there, the command and the start bit, in whichever order; who leaves the bit set, sends."""
        framing = self._registers[_FRAMING]
        if framing & 0x80 and self._registers[_COMMAND] & 0x0F == _TRANSCEIVE and self._fifo:
            self._send(framing & 0x07)

    def _push(self, data: bytes) -> None:
        self._fifo += data
        if len(self._fifo) > _FIFO_BYTES:
            del self._fifo[_FIFO_BYTES:]
            self._registers[_ERROR] |= _OVERFLOW_ERR

    def _command(self, command: int) -> None:
        self._due.clear()
        self._registers[_COMMAND] = command
        self._registers[_ERROR] = 0
        if command == _SOFT_RESET:
            self._reset()
        elif command == _CALC_CRC:
            self._registers[_CRC_LOW], self._registers[_CRC_HIGH] = checksum(bytes(self._fifo))
            self._registers[_DIV_IRQ] |= _CRC_IRQ
            self._fifo.clear()
        self._start()

    # --- the air --------------------------------------------------------------------------------------------------------

    def _send(self, last: int) -> None:
        sent = bytes(self._fifo)
        self._fifo.clear()
        sent_us = self.now_us + ETU_US * (last + 2 if len(sent) == 1 and last else 9 * len(sent) + 2)
        reply = self.field.exchange(sent, last, sent_us) if self.field.is_on else Reply(())
        self.air.append(OnAir(sent, last, bytes_of([bit or 0 for bit in reply.bits])))
        self._due = [(sent_us, _TX_IRQ, None)]
        begins_us = sent_us + ANSWER_DELAY_US
        if self._registers[_T_MODE] & 0x80:
            ends_us = sent_us + self._timer_us()
            if not reply.bits or ends_us < begins_us + _STOPS_TIMER_BITS * ETU_US:
                self._due.append((ends_us, _TIMER_IRQ, None))
        if reply.bits:
            took_us = ETU_US * (len(reply.bits) * 9 / 8 + 2)
            self._due.append((begins_us + took_us, _RX_IRQ, reply))

    def _timer_us(self) -> float:
        prescaler = (self._registers[_T_MODE] & 0x0F) << 8 | self._registers[_T_PRESCALER]
        reload = self._registers[_T_RELOAD_HIGH] << 8 | self._registers[_T_RELOAD_LOW]
        return (reload + 1) * (2 * prescaler + 1) * _TICK_US

    def _catch_up(self) -> None:
        """What has happened by now."""
        for at_us, irq, reply in [due for due in self._due if due[0] <= self.now_us]:
            self._due.remove((at_us, irq, reply))
            self._registers[_COM_IRQ] |= irq
            if reply is not None:
                self._receive(reply)

    def _receive(self, reply: Reply) -> None:
        align = self._registers[_FRAMING] >> 4 & 0x07
        placed: Bits = (0,) * align + reply.bits
        collided = placed.index(None) if None in placed else None
        kept = [
            bit if bit is not None and (collided is None or place < collided) else 0 for place, bit in enumerate(placed)
        ]
        self._push(bytes_of(kept))
        self._registers[_CONTROL] = self._registers[_CONTROL] & ~0x07 | len(placed) % 8
        self._registers[_COLL] = self._registers[_COLL] & 0x80 | self._collision(collided)
        if collided is not None:
            self._fault(_COLL_ERR)
        if reply.torn:
            self._fault(_PARITY_ERR)

    def _collision(self, collided: int | None) -> int:
        """CollPos counts in the received frame as it lies in the FIFO, from 1; the 32nd bit reads 0."""
        return _NOT_PLACED if collided is None or collided >= 32 else (collided + 1) & 0x1F

    def _fault(self, error: int) -> None:
        self._registers[_ERROR] |= error
        self._registers[_COM_IRQ] |= _ERR_IRQ
