// Runs a firmware on two emulated chips, compiled (blocks.cjs) and as the emulator does it, and
// compares all registers and flags after each block.
//
//   node lockstep.cjs firmware.bin bootrom.json MILLIONS_OF_CYCLES
//
// Prints {"blocks": how many were compared}; exits with status 1 at the first difference. Each
// block is compiled the first time, so that rare ones are compared, too.
'use strict';
const fs = require('fs');
const { speedUp } = require('./blocks.cjs');
const { patchFlashFunctions, serveFlash } = require('./flash.cjs');
const [emulator, compiled] = speedUp(process.env.RP2040JS);
const { Simulator, USBCDC, ConsoleLogger, LogLevel } = emulator;

const CYCLE_NS = 8, NAP_NS = 1e6;
const PC = 15;

const [firmware, bootrom, millions] = process.argv.slice(2);

function chip(flashChanged) {
  const simulator = new Simulator();
  const mcu = simulator.rp2040;
  mcu.logger = new ConsoleLogger(LogLevel.Error);
  mcu.onBreak = (service) => flashChanged(...serveFlash(mcu, service));
  const rom = Uint32Array.from(JSON.parse(fs.readFileSync(bootrom)));
  patchFlashFunctions(rom);
  mcu.loadBootrom(rom);
  mcu.flash.set(fs.readFileSync(firmware), 0);
  mcu.core.PC = 0x10000000;
  new USBCDC(mcu.usbCtrl);
  return simulator;
}

const STATE = ['N', 'C', 'Z', 'V', 'PM', 'waiting', 'cycles'];

// Whether the program counter is a Thumb address is no part of it.
function same(one, other) {
  for (let number = 0; number < PC; number++) {
    if (one.registers[number] !== other.registers[number]) return false;
  }
  return (one.registers[PC] | 1) === (other.registers[PC] | 1)
    && STATE.every((name) => one[name] === other[name]);
}

const shown = (core) => [...Array.from(core.registers, (value) => value.toString(16)),
  ...STATE.map((name) => core[name])].join(' ');

function main() {
  let blocks = null;
  const fast = chip((first, size) => blocks.flashChanged(first, size)), plain = chip(() => {});
  const core = fast.rp2040.core, other = plain.rp2040.core;
  blocks = compiled(core, 0);
  let naps = 0, compared = 0;
  while (core.cycles + naps < millions * 1e6) {
    let ns;
    if (core.waiting) {
      ns = Math.min(fast.clock.nanosToNextAlarm || NAP_NS, NAP_NS);
      naps += ns / CYCLE_NS;
    } else {
      const pc = core.registers[PC];
      ns = blocks.run(1) * CYCLE_NS;
      while (other.cycles < core.cycles) other.executeInstruction();
      if (!same(core, other)) {
        console.error(`after the block at ${pc.toString(16)}\n${shown(core)}\n${shown(other)}`);
        process.exit(1);
      }
      compared++;
    }
    fast.clock.tick(ns);
    plain.clock.tick(ns);
  }
  if (Buffer.compare(fast.rp2040.sram, plain.rp2040.sram)) {
    console.error('the memories differ');
    process.exit(1);
  }
  console.log(JSON.stringify({ blocks: compared }));
}

main();
