'use strict';

// The emulator has no flash that can be written. The two functions of the boot ROM that do it
// become breakpoints, which are served here.
const ERASE = 1, PROGRAM = 2;
function patchFlashFunctions(rom) {
  const words = new Uint16Array(rom.buffer);
  const code = (name) => name.charCodeAt(0) | (name.charCodeAt(1) << 8);
  const wanted = new Map([[code('RE'), ERASE], [code('RP'), PROGRAM]]);
  // The table of (name, address) that the word at 0x14 points to; a zero ends it.
  for (let at = words[0x14 / 2] / 2; words[at]; at += 2) {
    const service = wanted.get(words[at]);
    if (service === undefined) continue;
    const entry = (words[at + 1] & ~1) / 2;
    words[entry] = 0xbe00 | service; // bkpt
    words[entry + 1] = 0x4770; // bx lr
  }
}

// Returns [first, size] of the bytes that may be other ones now.
function serveFlash(mcu, service) {
  const [offset, second, third] = mcu.core.registers;
  if (service === ERASE) {
    mcu.flash.fill(0xff, offset, offset + second);
    return [offset, second];
  }
  if (service !== PROGRAM) return [0, 0];
  for (let i = 0; i < third; i++) mcu.flash[offset + i] &= mcu.readUint8((second + i) >>> 0);
  return [offset, third];
}

module.exports = { patchFlashFunctions, serveFlash };
