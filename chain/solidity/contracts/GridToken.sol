// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ICredit} from "../../abi/ICredit.sol";
import {IGridToken} from "../../abi/IGridToken.sol";
import {Allocation, Contracts} from "./Contracts.sol";

/// @title GRID, as chain/abi/IGridToken.sol says
/// @dev Not `is IGridToken`: its declarations are OpenZeppelin's as well, and Solidity takes each once. compile.mjs compares the ABI.
contract GridToken is ERC20Permit, ERC20Capped {
    uint256 private constant FAUCET_LIMIT = 10_000 ether;
    bytes32 private constant PERMIT = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    address public immutable minter;
    bool private immutable _development;
    address private immutable _credit;
    address private immutable _registry;
    address private immutable _market;
    address private immutable _council;
    address private immutable _pledge;

    /// @param cap_ below 2^96: amounts of tokens are stored in 96 bits everywhere
    /// @param minter_ zero: nobody may mint
    /// @param development whether the faucet is open
    constructor(Contracts memory c, uint256 cap_, address minter_, Allocation[] memory allocations, bool development)
        ERC20("GRID", "GRID")
        ERC20Permit("GRID")
        ERC20Capped(cap_)
    {
        require(address(this) == c.token && cap_ <= type(uint96).max);
        minter = minter_;
        _development = development;
        (_credit, _registry, _market, _council, _pledge) = (c.credit, c.registry, c.market, c.council, c.pledge);
        for (uint256 i = 0; i < allocations.length; ++i) {
            _mint(allocations[i].account, allocations[i].amount);
        }
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        _move(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _spendAllowance(from, msg.sender, value);
        _move(from, to, value);
        return true;
    }

    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) public override {
        if (block.timestamp > deadline) revert ERC2612ExpiredSignature(deadline);
        bytes32 terms = keccak256(abi.encode(PERMIT, owner, spender, value, _useNonce(owner), deadline));
        (address signer,,) = ECDSA.tryRecover(_hashTypedDataV4(terms), v, r, s);
        if (signer == address(0) || signer != owner) revert ERC2612InvalidSigner(signer, owner);
        _approve(owner, spender, value);
    }

    function burn(uint256 value) external {
        _burn(msg.sender, value);
    }

    function mint(address to, uint256 value) external {
        if (msg.sender != _credit && (minter == address(0) || msg.sender != minter)) {
            revert IGridToken.NotMinter(msg.sender);
        }
        if (to == _credit && msg.sender != to) revert ERC20InvalidReceiver(to);
        _checkReceiver(to);
        _mint(to, value);
    }

    function faucet(uint256 value) external {
        if (!_development) revert IGridToken.FaucetClosed();
        if (value > FAUCET_LIMIT) revert IGridToken.FaucetLimit(value, FAUCET_LIMIT);
        _mint(msg.sender, value);
    }

    /// @dev Credit alone keeps what comes by hand for its sender; it fetches its own.
    function _move(address from, address to, uint256 value) private {
        _checkReceiver(to);
        _update(from, to, value);
        if (to == _credit && msg.sender != to && value != 0) ICredit(to).noteTransfer(from, value);
    }

    /// @dev Contracts in which tokens that somebody sent there by hand would be lost.
    function _checkReceiver(address to) private view {
        bool loses = to == address(this) || to == _registry || to == _market || to == _council || to == _pledge;
        if (to == address(0) || (loses && msg.sender != to)) revert ERC20InvalidReceiver(to);
    }

    /// @dev OpenZeppelin's says nothing when an allowance is spent; here logs alone give the allowances. Nobody ever approves
    /// for the zero account: OpenZeppelin refuses to write that nothing is left of nothing.
    function _spendAllowance(address owner, address spender, uint256 value) internal override {
        uint256 allowed = allowance(owner, spender);
        if (allowed == type(uint256).max) return;
        if (allowed < value) revert ERC20InsufficientAllowance(spender, allowed, value);
        if (owner == address(0)) emit Approval(owner, spender, 0);
        else _approve(owner, spender, allowed - value);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Capped) {
        super._update(from, to, value);
    }
}
