// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICredit} from "../../abi/ICredit.sol";
import {IGridToken} from "../../abi/IGridToken.sol";
import {Contracts} from "./Contracts.sol";

/// @title Credits, as chain/abi/ICredit.sol says
contract Credit is ICredit, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    string public constant name = "GRID Credit";
    string public constant symbol = "GRIDC";
    uint8 public constant decimals = 18;

    address public immutable token;
    address private immutable _market;
    address private immutable _pledge;

    uint256 public totalSupply;
    mapping(address account => uint256) public balanceOf;
    mapping(address from => uint256) public pending;

    constructor(Contracts memory c) {
        require(address(this) == c.credit);
        (token, _market, _pledge) = (c.token, c.market, c.pledge);
    }

    modifier onlyProtocol() {
        if (!isProtocol(msg.sender)) revert NotProtocol(msg.sender);
        _;
    }

    function isProtocol(address account) public view returns (bool) {
        return account == _market || account == _pledge;
    }

    function purchase(uint256 value) external nonReentrant {
        if (value == 0) revert ZeroAmount();
        _buy(msg.sender, value);
    }

    function purchaseWithPermit(uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant {
        _buyWithPermit(msg.sender, value, deadline, v, r, s);
    }

    function purchaseFor(address account, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        onlyProtocol
        nonReentrant
    {
        _buyWithPermit(account, value, deadline, v, r, s);
    }

    function redeem(uint256 value) external nonReentrant {
        if (value == 0) revert ZeroAmount();
        _takeAway(msg.sender, value);
        IERC20(token).safeTransfer(msg.sender, value);
        emit Redeemed(msg.sender, value);
    }

    function claimTransfer(address from) external nonReentrant {
        uint256 value = pending[from];
        if (value == 0) revert NothingPending(from);
        pending[from] = 0;
        _giveNew(from, value);
        emit TransferClaimed(from, msg.sender, value);
    }

    function noteTransfer(address from, uint256 value) external {
        if (msg.sender != token) revert NotProtocol(msg.sender);
        pending[from] += value;
        emit TransferReceived(from, value);
    }

    function burn(uint256 value) external onlyProtocol nonReentrant {
        _takeAway(msg.sender, value);
        IGridToken(token).burn(value);
    }

    function issue(uint256 value) external nonReentrant {
        if (msg.sender != _pledge) revert NotProtocol(msg.sender);
        IGridToken(token).mint(address(this), value);
        _giveNew(msg.sender, value);
    }

    function escrow(address from, uint256 value) external onlyProtocol {
        _move(from, msg.sender, value);
    }

    function release(address to, uint256 value) external onlyProtocol {
        _move(msg.sender, to, value);
    }

    /// @dev Whoever saw a permit may have used it first: what it allowed is there, then.
    function _buyWithPermit(address account, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) private {
        if (value == 0) revert ZeroAmount();
        try IGridToken(token).permit(account, address(this), value, deadline, v, r, s) {}
        catch (bytes memory reason) {
            if (IERC20(token).allowance(account, address(this)) < value) {
                assembly ("memory-safe") {
                    revert(add(reason, 32), mload(reason))
                }
            }
        }
        _buy(account, value);
    }

    function _buy(address account, uint256 value) private {
        IERC20(token).safeTransferFrom(account, address(this), value);
        _giveNew(account, value);
        emit Purchased(account, value);
    }

    function _move(address from, address to, uint256 value) private {
        _checkCredits(from, value);
        unchecked {
            balanceOf[from] -= value; // checked above
            balanceOf[to] += value; // at most the supply
        }
        emit Transfer(from, to, value);
    }

    function _giveNew(address account, uint256 value) private {
        totalSupply += value;
        unchecked {
            balanceOf[account] += value; // at most the supply
        }
        emit Transfer(address(0), account, value);
    }

    function _takeAway(address account, uint256 value) private {
        _checkCredits(account, value);
        unchecked {
            balanceOf[account] -= value; // checked above
            totalSupply -= value; // at least the balance
        }
        emit Transfer(account, address(0), value);
    }

    function _checkCredits(address account, uint256 value) private view {
        if (balanceOf[account] < value) revert InsufficientCredits(value, balanceOf[account]);
    }
}
