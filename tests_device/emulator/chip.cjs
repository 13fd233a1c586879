// Runs a firmware on an emulated RP2040 and puts its lines onto TCP ports of this computer.
//
//   node chip.cjs firmware.bin bootrom.json
//
// Prints {"repl": PORT, "uart": PORT} once both listen on 127.0.0.1: the console on USB, and UART1.
// Ends when its standard input does, so that it never outlives the tests. RP2040JS names the
// package of the emulator.
'use strict';
const fs = require('fs');
const net = require('net');
const { speedUp } = require('./blocks.cjs');
const { patchFlashFunctions, serveFlash } = require('./flash.cjs');
const [emulator, compiled] = speedUp(process.env.RP2040JS);
const { Simulator, USBCDC, ConsoleLogger, LogLevel } = emulator;

const CYCLE_NS = 8; // 125 MHz
const SLICE_NS = 2e6;
const NAP_NS = 1e6;
const STRIDE = 64;

// Bytes on their way to the chip, taken out one by one.
class Queue {
  constructor() { this.reset(); }
  reset() { this.chunks = []; this.at = 0; this.itemCount = 0; }
  add(chunk) { if (chunk.length) { this.chunks.push(chunk); this.itemCount += chunk.length; } }
  get empty() { return this.itemCount === 0; }
  peek() { return this.empty ? 0 : this.chunks[0][this.at]; }
  pull() {
    if (this.empty) return 0;
    const value = this.chunks[0][this.at++];
    this.itemCount--;
    if (this.at === this.chunks[0].length) { this.chunks.shift(); this.at = 0; }
    return value;
  }
  // What the emulator's UART asks of its receive FIFO. It never overflows: a line with perfect
  // flow control.
  push(value) { this.add([value]); }
  get full() { return false; }
  get size() { return 32; }
}

// Serves one connection at a time and calls take(chunk) with what it brings; returns a function
// that sends, or drops what nobody listens to.
function listen(take, gone, listening) {
  let current = null;
  const server = net.createServer((socket) => {
    current = socket.setNoDelay(true);
    socket.on('data', take);
    socket.on('error', () => {});
    socket.on('close', () => { if (current === socket) { current = null; gone(); } });
  });
  server.listen(0, '127.0.0.1', () => listening(server.address().port));
  return (bytes) => { if (current) current.write(Buffer.from(bytes)); };
}

// The emulator's UART raises its transmit interrupt with every access to a register, so that
// MicroPython never leaves its handler. A real one raises it when a byte has left.
const TX = 1 << 5, RX = 1 << 4, RX_IDLE = 1 << 6;
function connectUart(mcu, uart, listening) {
  const incoming = new Queue();
  let outgoing = [];
  const update = (bits) => {
    uart.interruptStatus |= bits;
    mcu.setInterrupt(uart.irq, (uart.interruptStatus & uart.interruptMask) !== 0);
  };
  uart.rxFIFO = incoming;
  uart.checkInterrupts = () => update(0);
  uart.onByte = (value) => { outgoing.push(value); update(TX); };
  const send = listen(
    (chunk) => { incoming.add(chunk); update(RX | RX_IDLE); }, () => incoming.reset(), listening);
  return () => { if (outgoing.length) { send(outgoing); outgoing = []; } };
}

// The emulator answers each request of the chip for typed text at once, if need be with nothing, and
// the chip asks again: it would never sleep. A computer answers when something was typed.
function connectConsole(mcu, listening) {
  const usb = new USBCDC(mcu.usbCtrl);
  const typed = new Queue();
  let wanted = 0;
  const type = () => {
    if (!wanted || typed.empty) return;
    const text = Uint8Array.from({ length: Math.min(wanted, typed.itemCount) }, () => typed.pull());
    wanted = 0;
    mcu.usbCtrl.endpointReadDone(usb.outEndpoint, text);
  };
  mcu.usbCtrl.onEndpointRead = (endpoint, size) => {
    if (endpoint === usb.outEndpoint) { wanted = size; type(); }
  };
  usb.onSerialData = listen(
    (chunk) => { typed.add(chunk); type(); }, () => typed.reset(), listening);
}

// Lets the chip compute for at most a slice. A chip that waits for an interrupt waits on the
// clock: returns whether it did.
function run(core, blocks, clock, until) {
  while (clock.nanos < until) {
    if (core.waiting) {
      clock.tick(Math.min(clock.nanosToNextAlarm || NAP_NS, until - clock.nanos));
      if (core.waiting) return true;
    } else clock.tick(blocks.run(STRIDE) * CYCLE_NS);
  }
  return false;
}

function main([firmware, bootrom]) {
  const simulator = new Simulator();
  const mcu = simulator.rp2040;
  mcu.logger = new ConsoleLogger(LogLevel.Error);
  const blocks = compiled(mcu.core);
  mcu.onBreak = (service) => blocks.flashChanged(...serveFlash(mcu, service));
  const rom = Uint32Array.from(JSON.parse(fs.readFileSync(bootrom)));
  patchFlashFunctions(rom);
  mcu.loadBootrom(rom);
  mcu.flash.set(fs.readFileSync(firmware), 0);
  mcu.core.PC = 0x10000000;

  const ports = {};
  const listening = (name) => (port) => {
    ports[name] = port;
    if (Object.keys(ports).length === 2) console.log(JSON.stringify(ports));
  };
  connectConsole(mcu, listening('repl'));
  const sendOut = connectUart(mcu, mcu.uart[1], listening('uart'));

  // The chip's clock never runs ahead of ours, or its deadlines would pass before a server on
  // this computer can answer. Time that computing took longer than it should is not made good.
  let lead = process.hrtime.bigint();
  const turn = () => {
    const before = simulator.clock.nanos;
    const idle = run(mcu.core, blocks, simulator.clock, before + (mcu.core.waiting ? NAP_NS : SLICE_NS));
    sendOut();
    lead += BigInt(Math.round(simulator.clock.nanos - before));
    const now = process.hrtime.bigint();
    if (lead < now) lead = now;
    if (idle && lead - now > BigInt(NAP_NS)) setTimeout(turn, 1);
    else setImmediate(turn);
  };
  turn();
}

process.stdin.resume().on('end', () => process.exit(0));
main(process.argv.slice(2));
